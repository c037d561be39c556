"""Words that mean the same: each stands in one line, and what is wrong with the file is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.config import PROJECT
from lakehouse.declarations.synonyms import FILE, load_synonyms
from lakehouse.errors import ContractError

pytestmark = pytest.mark.fast


def test_the_words_of_the_project_are_sound_and_know_how_people_talk() -> None:
    groups = load_synonyms(PROJECT / "contracts")
    for spoken, declared in (("老人", "老年人"), ("低保", "最低生活保障"), ("身份证", "公民身份号码"), ("企业", "法人"), ("村", "社区")):
        assert any({spoken, declared} <= set(group) for group in groups), spoken


def test_contracts_without_the_file_have_no_synonyms(tmp_path: Path) -> None:
    assert load_synonyms(tmp_path) == ()


def test_a_word_in_two_lines_is_refused_with_both_places(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("words:\n  - [甲, 乙]\n  - [丙, 乙]\n  - [丁, 甲]\n", "utf-8")
    with pytest.raises(ContractError) as refused:
        load_synonyms(tmp_path)
    told = " ".join(str(refused.value).split())
    assert "words[1]: '乙' stands in words[0] already." in told
    assert "words[2]: '甲' stands in words[0] already." in told


def test_a_word_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("words:\n  - [甲]\n", "utf-8")
    with pytest.raises(ContractError, match="words"):
        load_synonyms(tmp_path)
