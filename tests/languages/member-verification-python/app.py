"""Member verification: a feature in, a verdict out, as guests/member-verification gives it.

It is here to show that the world `stage` belongs to no language: the same pipeline with this component answers the
same.
"""

from array import array

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.processing import (
    Failure_Failed,
    Failure_Unsuitable,
    Item,
    Payload_Document,
    Payload_Tensor,
)
from wit_world.imports import graph, models, settings
from wit_world.imports.values import (
    Field,
    Value_Flag,
    Value_Integer,
    Value_Number,
    Value_Text,
)

import verdict

GALLERY = "gallery"


class Processing(exports.Processing):
    def process(self, input: Item) -> list[Item]:
        threshold = wanted_threshold()
        if not isinstance(input.payload, Payload_Tensor):
            raise Err(Failure_Unsuitable(f"this stage works on a tensor, and the {input.class_} is none"))
        try:
            context = graph.load_by_name(GALLERY).init_execution_context()
            outputs = dict(context.compute([("feature", input.payload.value)]))
        except Err as error:
            raise failed(f"graph `{GALLERY}`: {error.value.data()}")
        similarities = array("f", outputs["similarities"].data())
        rows = array("q", outputs["rows"].data())
        try:
            fields = verdict.of(
                similarities, rows, threshold, lambda row: models.label(GALLERY, row)
            )
        except ValueError as error:
            raise failed(str(error))
        document = [Field(name, value(content)) for name, content in fields.items()]
        return [Item("verdict", Payload_Document(document), [])]


def wanted_threshold() -> float:
    setting = settings.get("threshold")
    if setting is None:
        raise failed(
            "the setting `threshold` is missing: give this stage a number of that name in the pipeline file"
        )
    if not isinstance(setting, (Value_Number, Value_Integer)):
        raise failed("the setting `threshold` must be a number")
    if not 0.0 <= setting.value <= 1.0:
        raise failed(f"the setting `threshold` must be from 0 to 1, but it is {setting.value}")
    return float(setting.value)


def value(content):
    """What a document's field holds. To Python, True is an integer too."""
    if isinstance(content, bool):
        return Value_Flag(content)
    if isinstance(content, str):
        return Value_Text(content)
    return Value_Number(content)


def failed(words: str) -> Err:
    return Err(Failure_Failed(words))
