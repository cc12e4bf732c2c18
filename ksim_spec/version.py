"""The version of ksim_spec, read from here by the build too."""

__version__ = "0.1.0"
