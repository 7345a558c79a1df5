"""What exercises 2.1 and 2.3 share: the texts they are tried on."""

TEXTS = ("hello hello", "banana band\n", "abracadabra", "mississippi", "aaab")
