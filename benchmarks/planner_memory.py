"""What served planner models need of a GPU's memory: ``python benchmarks/planner_memory.py``.

Computed from published sizes of files (or numbers of parameters) and configurations, not measured:
the weights in 16 bits, and the cache of keys and values for a context (2 bytes a number).
Layers that look at a window only need less; a server's buffers and pictures on their way need more.
"""

from dataclasses import dataclass

CONTEXT = 16_384
_BYTES = 2
_GIB = 1024**3
_GB = 1000**3


@dataclass(frozen=True)
class Sizes:
    """What a model's configuration and its list of files say.

    Attributes:
        name: of the model, as its publisher calls it.
        weights_gb: size of the files, in 10^9 bytes.
        layers: of the language model.
        key_value_heads: of each layer.
        head_size: numbers of a head.
    """

    name: str
    weights_gb: float
    layers: int
    key_value_heads: int
    head_size: int

    @property
    def bytes_a_token(self) -> int:
        """Keys and values of one token."""
        return 2 * self.layers * self.key_value_heads * self.head_size * _BYTES

    def cache_gib(self, tokens: int) -> float:
        """Keys and values of a context."""
        return self.bytes_a_token * tokens / _GIB


MODELS = (
    Sizes("google/medgemma-4b-it", 8.6, 34, 4, 256),
    Sizes("google/medgemma-27b-it", 54.9, 62, 16, 128),
    Sizes("Qwen/Qwen2.5-VL-7B-Instruct", 16.6, 28, 4, 128),
    Sizes("Qwen/Qwen3-VL-8B-Instruct", 17.5, 36, 8, 128),
    Sizes("microsoft/llava-med-v1.5-mistral-7b", 15.1, 32, 8, 128),
    Sizes("FreedomIntelligence/HuatuoGPT-Vision-7B-hf", 15.9, 28, 4, 128),
    Sizes("KrauthammerLab/RadVLM", 16.1, 28, 4, 128),
    Sizes("MONAI/Llama3-VILA-M3-8B", 17.0, 32, 8, 128),
)


def main() -> None:
    """Print the table."""
    print(f"{'':44} weights  a token  {CONTEXT:,} tokens   together")
    for model in MODELS:
        weights, cache = model.weights_gb * _GB / _GIB, model.cache_gib(CONTEXT)
        print(
            f"{model.name:44} {weights:4.1f} GiB  {model.bytes_a_token // 1024:3} KiB"
            f"  {cache:8.1f} GiB   {weights + cache:5.1f} GiB"
        )


if __name__ == "__main__":
    main()
