"""How bright a picture is."""

from array import array

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.processing import (
    Failure_Failed,
    Failure_Unsuitable,
    Item,
    Payload_Document,
    Payload_Image,
)
from wit_world.imports import settings
from wit_world.imports.media import (
    Channels,
    Colour,
    Encoding,
    Filter,
    Layout,
    Region_Whole,
    View,
)
from wit_world.imports.tensor import TensorType
from wit_world.imports.values import Field, Value_Flag, Value_Number

from mean import mean

# The host reduces the picture to 32 x 32 means of grey, white as 1; only those come here.
VIEW = View(Region_Whole(), 32, 32, Filter.AREA, Colour(0, 0, 0))
SCALE = 1 / 255
GREY = Encoding(
    Channels.LUMA, Layout.NCHW, TensorType.FP32, (0.0, 0.0, 0.0), (SCALE, SCALE, SCALE)
)


class Processing(exports.Processing):
    def process(self, input: Item) -> list[Item]:
        if not isinstance(input.payload, Payload_Image):
            raise Err(Failure_Unsuitable("this stage works on images"))
        try:
            tensor = input.payload.value.tensor(VIEW, GREY)
        except Err as refusal:
            raise Err(Failure_Failed(refusal.value.message))

        bright = mean(array("f", tensor.data()))
        dark_below = settings.get("dark-below")
        dark = bright < (0.25 if dark_below is None else dark_below.value)
        answer = [Field("mean", Value_Number(bright)), Field("dark", Value_Flag(dark))]
        return [Item("brightness", Payload_Document(answer), [])]
