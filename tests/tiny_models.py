"""Models of a few words, made on the spot: each word is a vector, and words of one meaning share theirs."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

MEANINGS = (
    ("[PAD]",),
    ("[UNK]",),
    ("car", "automobile", "cars"),
    ("fruit", "apples", "pears"),
    ("tax", "levy", "duty"),
)


def tokenizer(folder: Path) -> list[int]:
    """Writes a tokenizer of the words above; answers the meaning of each token."""
    words = [(word, meaning) for meaning, group in enumerate(MEANINGS) for word in group]
    vocabulary = {word: place for place, (word, _) in enumerate(words)}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(folder / "tokenizer.json"))
    return [meaning for _, meaning in words]


def rows(meanings: list[int]) -> np.ndarray:
    """A vector per token: words of one meaning point the same way, unknown ones a little in every direction."""
    table = np.eye(len(MEANINGS), dtype=np.float32)[meanings]
    table[meanings.index(1)] = 0.1
    return table


def table_model(folder: Path) -> None:
    save_file({"embeddings": rows(tokenizer(folder))}, folder / "model.safetensors")


def onnx_model(folder: Path) -> None:
    """A network that looks its tokens up, with the inputs and the output of a sentence transformer."""
    size = ["texts", "tokens"]
    graph = helper.make_graph(
        [helper.make_node("Gather", ["rows", "input_ids"], ["last_hidden_state"])],
        "look-up",
        [helper.make_tensor_value_info(name, TensorProto.INT64, size) for name in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*size, len(MEANINGS)])],
        [numpy_helper.from_array(rows(tokenizer(folder)), "rows")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(made, folder / "model.onnx")
