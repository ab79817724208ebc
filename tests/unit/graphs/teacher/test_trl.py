"""The reward as TRL's ``GRPOTrainer`` calls it."""

import json
from typing import Any

import pytest

from graphs.teacher import CheckerReward
from graphs.teacher.trl_reward import ColumnError
from tests.unit.graphs.teacher.conversations import HONEST, QUESTION, case, findings

FALSE = "No routine follow-up is needed for the nodule."


def columns(number: int) -> dict[str, Any]:
    """The columns of a data set, and what a trainer adds (as TRL 1.16 does)."""
    about = case()
    return {
        "case": [about.model_dump_json()] * number,
        "findings": [json.dumps([f.model_dump(mode="json") for f in findings(about)])] * number,
        "packs": [["fleischner"]] * number,
        "question": [QUESTION] * number,
        "completion_ids": [[1, 2]] * number,
        "trainer_state": object(),
    }


def search(name: str = "guideline_search") -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": {}}}


@pytest.fixture(scope="module")
def reward() -> CheckerReward:
    return CheckerReward()


def test_plain_texts_are_scored(reward: CheckerReward) -> None:
    scores = reward(["p"] * 3, [HONEST, "", FALSE], **columns(3))
    assert scores[0] > scores[1] > scores[2]
    assert all(isinstance(s, float) and -1 <= s <= 1 for s in scores)
    assert reward.__name__ == "checker_reward"


def test_messages_are_scored_with_their_calls(reward: CheckerReward) -> None:
    says = {"role": "assistant", "content": HONEST}
    calls = {"role": "assistant", "content": "", "tool_calls": [search()]}
    result = {"role": "tool", "name": "guideline_search", "content": "There is no nodule."}
    odd = {"role": "assistant", "content": "", "tool_calls": [search("crystal_ball")]}
    prompt = [{"role": "user", "content": QUESTION}]
    bare, called, invented = reward(
        [prompt] * 3, [[says], [calls, result, says], [odd, result, says]], **columns(3)
    )
    assert called > 0.95
    assert invented <= bare < called


@pytest.mark.parametrize(
    "completion",
    [
        '{"calls": [{"expert": "guideline_search"}]}',
        "<guideline_search()>",
        [{"role": "assistant", "content": "<guideline_search()>"}],
        [{"role": "assistant", "content": None, "tool_calls": [search()]}],
        [{"role": "assistant", "tool_calls": [
            {"function": {"name": "guideline_search", "arguments": "{}"}}]}],
        [{"role": "assistant", "content": "", "tool_calls": [
            {"function": {"name": "guideline_search", "arguments": {"classes": None}}}]}],
    ],
)  # fmt: skip
def test_calls_are_read_in_every_dialect(reward: CheckerReward, completion: Any) -> None:
    (called,) = reward(["p"], [completion], **columns(1))
    (silent,) = reward(["p"], [""], **columns(1))
    assert called > silent


@pytest.mark.parametrize("dialect", ["json", "tools", "tokens"])
def test_an_answer_with_claims_is_read_in_every_dialect(
    reward: CheckerReward, dialect: str
) -> None:
    claim = {"concept": "pneumothorax", "presence": "present"}
    sentences = [{"text": "There is a pneumothorax.", "claims": [claim]}]
    call = {"function": {"name": "answer", "arguments": {"sentences": sentences}}}
    written = {
        "json": json.dumps({"answer": sentences}),
        "tools": [{"role": "assistant", "content": "", "tool_calls": [call]}],
        "tokens": "There is a pneumothorax. <CLAIM(pneumothorax; present)>",
    }[dialect]
    (score,) = reward(["p"], [written], **columns(1))
    (prose,) = reward(["p"], ["There is a pneumothorax."], **columns(1))
    assert score == prose < 0


def test_earlier_answers_in_the_prompt_bind(reward: CheckerReward) -> None:
    def prompt(before: str) -> list[dict[str, str]]:
        return [
            {"role": "system", "content": "Rules."},
            {"role": "user", "content": "Is there a pleural effusion?"},
            {"role": "assistant", "content": before},
            {"role": "user", "content": QUESTION},
        ]

    answer = f"There is no pleural effusion. {HONEST}"
    agrees, takes_back = reward([prompt("No."), prompt("Yes.")], [answer] * 2, **columns(2))
    assert agrees > takes_back


def test_a_trainer_is_told_the_parts(reward: CheckerReward) -> None:
    told: dict[str, float] = {}
    reward(["p"], [HONEST], **columns(1), log_metric=told.__setitem__)
    assert set(told) == {"validity", "completeness", "calls", "consistency"}


@pytest.mark.parametrize("junk", [None, "{", "[]", 3])
def test_missing_or_odd_columns_are_named(reward: CheckerReward, junk: Any) -> None:
    given = {**columns(1), "case": [junk]}
    with pytest.raises(ColumnError, match="case"):
        reward(["p"], [HONEST], **given)
    without = {k: v for k, v in columns(1).items() if k != "findings"}
    with pytest.raises(ColumnError, match="'findings' is missing"):
        reward(["p"], [HONEST], **without)


@pytest.mark.parametrize(
    "completion",
    [
        [],
        [{"role": "assistant"}],
        [{"role": "assistant", "tool_calls": [None, 3, {"function": None}, {}]}],
        [{"role": "assistant", "tool_calls": [{"function": {"name": "x", "arguments": "{"}}]}],
        [{"role": "assistant", "content": [{"type": "image"}, {"type": "text", "text": "No."}]}],
        '{"answer": 5}', '{"calls": [[[]]]}', "<CLAIM(;;)>", "{" * 2000,
    ],
)  # fmt: skip
def test_odd_completions_are_scored(reward: CheckerReward, completion: Any) -> None:
    (score,) = reward(["p"], [completion], **columns(1))
    assert -1 <= score < 0.5


def test_trl_itself_trains_with_it(tmp_path: Any) -> None:
    """Two steps of the true trainer on a tiny model with random weights, on the CPU."""
    pytest.importorskip("trl", reason="trl is not installed")
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM
    from trl import GRPOConfig, GRPOTrainer

    unknown, end = "<unk>", "<eos>"
    words = f"{HONEST} {FALSE} {unknown} {end}".split()
    vocabulary = {w: n for n, w in enumerate(dict.fromkeys(words))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token=unknown, eos_token=end, pad_token=end
    )
    config = Qwen2Config(
        vocab_size=len(vocabulary), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2,
        eos_token_id=vocabulary[end], pad_token_id=vocabulary[end],
    )  # fmt: skip
    rows = {k: v for k, v in columns(4).items() if k in ("case", "findings", "packs", "question")}
    data = datasets.Dataset.from_dict({"prompt": ["nodule"] * 4, **rows})
    trainer = GRPOTrainer(
        model=Qwen2ForCausalLM(config),
        reward_funcs=CheckerReward(),
        args=GRPOConfig(
            output_dir=str(tmp_path), max_steps=2, per_device_train_batch_size=2,
            num_generations=2, max_completion_length=12, report_to="none", use_cpu=True,
            logging_steps=1, save_strategy="no", disable_tqdm=True,
        ),
        train_dataset=data,
        processing_class=fast,
    )  # fmt: skip
    trainer.train()
    logged = [x for x in trainer.state.log_history if "rewards/checker_reward/mean" in x]
    assert len(logged) == 2
    assert all(-1 <= x["rewards/checker_reward/mean"] <= 1 for x in logged)
