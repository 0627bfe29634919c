"""shoplake: what an online shop leaves behind becomes a warehouse that can be trusted."""

__version__ = "0.1.0"
