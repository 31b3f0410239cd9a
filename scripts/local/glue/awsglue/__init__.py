"""Stands in for the library that Glue gives its jobs; holds only what the entry script uses."""
