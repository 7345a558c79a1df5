"""What every pytest run here needs, tests as well as lessons.

One thread for the linear algebra: the matrices are small, so more threads only cost time, and one
adds its sums up in the same order each time. A BLAS reads these variables when numpy is first
imported, and the kernels that run the notebooks inherit them; so they come before all else.
"""

import os

for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = "1"

pytest_plugins = ["minichar.course.grading"]
