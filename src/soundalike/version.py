"""The version of the package; `soundalike.__version__` for everybody else."""

__version__ = "0.2.0"
