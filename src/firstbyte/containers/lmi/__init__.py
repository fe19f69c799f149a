"""The dialect of DJL Serving's large model inference containers (LMI), version by version.

Facts come from the public sources of djl-serving at v0.25.0, v0.28.0 and v0.36: output_formatter.py, input_parser.py,
ModelInfo.java, SageMakerCompatibility.java, InferenceRequestHandler.java.
"""
