"""The course as a web site, to use without installing anything: `minichar site OUT` builds it.

`building` puts it together: the lessons in JupyterLite, where Python itself runs in the browser
(Pyodide), and a front page with a network to play with. `front_page` fills in that page and
`weights` writes the networks for it; `pages/` holds the page, its style and its scripts.
"""
