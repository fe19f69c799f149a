"""The dialect of Hugging Face Text Generation Inference, version by version.

Facts come from TGI's public sources at v2.0.2 and v3.3: router/src/{lib,server,validation,sagemaker}.rs,
launcher/src/main.rs.
"""
