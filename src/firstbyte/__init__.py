"""Language models behind the Amazon SageMaker real-time API, with response streaming, on any machine."""

__version__ = "0.1.0"
