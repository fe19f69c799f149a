"""The model server inside an instance: SageMaker's container contract, spoken in the dialects of TGI and LMI."""
