"""How names in the code read to a person."""

from __future__ import annotations

_WRITTEN = {
    "adamw": "AdamW",
    "bf16": "bf16",
    "cpu": "CPU",
    "cuda": "CUDA",
    "cutmix": "CutMix",
    "ema": "EMA",
    "ewc": "EWC",
    "f1": "F1",
    "fp16": "fp16",
    "fp32": "fp32",
    "l2 sp": "L2-SP",
    "mixup": "MixUp",
    "mlp": "MLP",
    "mps": "MPS",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
    "re estimated": "Re-estimated",
    "sgd": "SGD",
    "swa": "SWA",
    "torch": "PyTorch",
    "wise": "WiSE",
}
"""Names of the field that are not written as common words are."""


def spoken(name: str) -> str:
    """The name as a label: "warm-restarts" as "Warm restarts", "adamw" as "AdamW"."""
    plain = name.replace("-", " ").replace("_", " ").strip()
    if plain in _WRITTEN:
        return _WRITTEN[plain]
    text = " ".join(_WRITTEN.get(word, word) for word in plain.split())
    return text if plain.split(" ")[0] in _WRITTEN else text[:1].upper() + text[1:]
