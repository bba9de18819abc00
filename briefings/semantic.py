"""An optional sense of meaning beside the words: texts as unit vectors, by a model that the operator brings as files.

Nothing here is needed without such a model, and nothing is ever fetched: a folder holds `tokenizer.json` and either
`model.onnx`, a sentence transformer such as all-MiniLM-L6-v2, or `model.safetensors`, a table of one vector per token
as model2vec makes them. Both mean the vectors of a text's tokens. Needs the packages of `sidelines[semantic]`.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from briefings.errors import ModelUnavailable

LONGEST = 256
"""Tokens of a text that are read: what most sentence transformers were trained on; more costs more and tells little."""
BATCH = 16
"""Texts that go through a model together, of like length, so that little is spent on padding."""
_EDGE = 1 << 20
"""Bytes of a model's beginning and end by which it is told from another one."""

Vectors = NDArray[np.float32]
"""One row per text, each of length 1, or 0 for a text without tokens."""


class Embedding:
    """One model. Safe in threads."""

    def __init__(self, folder: Path) -> None:
        """Opens the model in `folder`. Raises ModelUnavailable."""
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._tokenizer.enable_truncation(LONGEST)
            self._tokenizer.enable_padding()
            path = folder / "model.onnx"
            if path.exists():
                self._model: _Transformer | _Table = _Transformer(path)
            else:
                path = folder / "model.safetensors"
                self._model = _Table(path)
            self.version = _digest(folder / "tokenizer.json", path)
            """Tells this model from any other one."""
            self._vectors(["one text"])
        except Exception as error:
            raise ModelUnavailable(
                f"The model in {folder} cannot be used ({' '.join(str(error).split())[:200]}); it needs tokenizer.json"
                " with model.onnx or model.safetensors. Correct [semantic] model, or leave it empty."
            ) from error

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """What each text means, as a unit vector of 16-bit floats."""
        vectors = np.zeros((len(texts), 0), np.float32)
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            batch = self._vectors([texts[place] for place in places])
            if not start:
                vectors = np.zeros((len(texts), batch.shape[1]), np.float32)
            vectors[places] = batch
        return [vector.astype(np.float16).tobytes() for vector in vectors]

    def closeness(self, one: bytes, others: Sequence[bytes]) -> list[float]:
        """How close each of `others` is in meaning to `one`: the cosine, -1 to 1; 0 for an empty one."""
        wanted = np.frombuffer(one, np.float16).astype(np.float32)
        return [
            float(np.frombuffer(other, np.float16).astype(np.float32) @ wanted) if other else 0.0 for other in others
        ]

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = np.array([each.ids for each in encoded], np.int64)
        mask = np.array([each.attention_mask for each in encoded], np.int64)
        summed = (self._model.of(ids, mask) * mask[..., None]).sum(axis=1)
        lengths = np.linalg.norm(summed, axis=1, keepdims=True)
        return np.asarray(np.divide(summed, lengths, where=lengths > 0, out=np.zeros_like(summed)), np.float32)


class _Transformer:
    """A network that gives each token a vector in the light of the others."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # The other cores belong to whoever is waiting for an answer.
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._inputs = {each.name for each in self._session.get_inputs()}

    def of(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Vectors:
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states: Any = self._session.run(None, {name: given[name] for name in self._inputs})[0]
        return np.asarray(states, np.float32)


class _Table:
    """A vector for each token, whatever stands beside it."""

    def __init__(self, path: Path) -> None:
        self._rows = load_file(path)["embeddings"].astype(np.float32)

    def of(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Vectors:
        del mask
        return np.asarray(self._rows[ids], np.float32)


def _digest(*paths: Path) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for path in paths:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            digest.update(size.to_bytes(8, "big"))
            for start in (0, max(0, size - _EDGE)):
                file.seek(start)
                digest.update(file.read(_EDGE))
    return digest.hexdigest()
