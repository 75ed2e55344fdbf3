"""What the owner says of replies, at /v1/corrections: kept in the clone, and heeded from the next reply on."""

from collections.abc import Mapping

from soundalike.errors import CloneError, UsageError
from soundalike.frontends.server import served_models
from soundalike.frontends.server.api_errors import ApiError
from soundalike.frontends.server.parsing import turns
from soundalike.frontends.server.responses import Json
from soundalike.frontends.server.schema import CorrectionRequest
from soundalike.frontends.server.served_models import ServedModel


def keep_correction(served: Mapping[str, ServedModel], body: CorrectionRequest) -> Json:
    """Keep a correction and return the response; `ApiError` if the model is no clone, or if it cannot be kept."""
    model = served_models.find(served, body.model)
    if model.name == model.base:
        message = f"{model.name} is a base, and not like anybody. Correct a clone."
        raise ApiError(400, message, "not_a_clone", "model")
    rejected, chosen = (reply.split("\n") if reply else [] for reply in (body.rejected, body.chosen))
    try:
        model.voice.correct(turns(body.messages, model.voice), rejected, chosen)
    except CloneError as error:
        raise ApiError(503, str(error), "not_kept", headers={"Retry-After": "60"}) from error
    except UsageError as error:
        raise ApiError(400, str(error), "no_reply", "rejected") from error
    return {"object": "correction", "model": model.name, "kept": len(model.voice.corrections.kept)}
