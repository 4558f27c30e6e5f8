import numpy as np
import onnxruntime
import openvino

from ocrgan_export.quantize import feed_of
from ocrgan_export.to_onnx import INPUTS, OUTPUTS
from ocrgan_export.to_openvino import read_ir

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}


def test_inputs_and_outputs_keep_their_names(ir):
    model = read_ir(ir)
    assert tuple(port.get_any_name() for port in model.inputs) == INPUTS
    assert tuple(port.get_any_name() for port in model.outputs) == OUTPUTS


def test_every_output_is_nearly_what_onnx_runtime_gives(model, ir, windows):
    feed = feed_of(model, windows[0])
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    wanted = dict(zip(OUTPUTS, session.run(list(OUTPUTS), feed), strict=True))
    found = openvino.compile_model(read_ir(ir), "CPU", EXACT)(feed)
    for name in OUTPUTS:
        np.testing.assert_allclose(found[name], wanted[name], rtol=0.02, atol=5e-3, err_msg=name)


def test_weights_take_half_the_room(model, ir):
    assert len(ir.weights) < 0.6 * len(model.SerializeToString())
