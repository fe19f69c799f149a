import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from firstbyte.aws.service_models import ServiceModels


@pytest.mark.parametrize("service", ["sagemaker", "sagemaker-runtime", "sts", "iam"])
def test_loads_what_botocore_loads(service: str) -> None:
    model = ServiceModels().load(service)
    expected = Loader().load_service_model(service, "service-2")
    assert model.metadata == expected["metadata"]
    assert model.operation_names == list(expected["operations"])
    assert len(model.shape_names) == len(expected["shapes"])


def test_loads_once() -> None:
    models = ServiceModels()
    assert models.load("sts") is models.load("sts")


def test_an_unknown_service_is_named() -> None:
    with pytest.raises(UnknownServiceError, match="sagemakr"):
        ServiceModels().load("sagemakr")


def test_a_private_model_does_not_change_what_we_serve(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Loader, "CUSTOMER_DATA_PATH", str(tmp_path))
    assert str(tmp_path) not in ServiceModels()._loader.search_paths
