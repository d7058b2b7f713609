"""The side-by-side of foldin and its peers: see README.md."""
