"""The generated files are what the code says now, and a difference is shown."""

from __future__ import annotations

from deploy import contracts


def test_the_generated_files_are_up_to_date():
    shown = "\n".join(contracts.differences(contracts.documents(), contracts.DOCS))
    assert shown == "", f"run `make contracts`:\n{shown}"


def test_generating_twice_gives_the_same_bytes():
    first, second = contracts.documents(), contracts.documents()
    assert first == second
    assert all(content.endswith("\n") and "\r" not in content for content in first.values())


def test_a_changed_a_missing_and_a_left_over_file_are_shown_and_put_right(tmp_path):
    wanted = {"contracts/a.json": "one\ntwo\n", "b.md": "text\n"}
    assert sorted(contracts.write(wanted, tmp_path)) == ["b.md", "contracts/a.json"]
    assert list(contracts.differences(wanted, tmp_path)) == []

    (tmp_path / "contracts/a.json").write_text("one\nthree\n")
    (tmp_path / "contracts/old.json").write_text("{}\n")
    (tmp_path / "b.md").unlink()
    (tmp_path / "by-hand.md").write_text("ours")
    shown = list(contracts.differences(wanted, tmp_path))
    assert "-three" in shown
    assert "+two" in shown
    assert "+text" in shown
    assert "contracts/old.json: nothing generates this file any more" in shown

    contracts.write(wanted, tmp_path)
    assert list(contracts.differences(wanted, tmp_path)) == []
    assert (tmp_path / "by-hand.md").read_text() == "ours"


def test_the_check_fails_with_a_difference_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(contracts, "DOCS", tmp_path)
    monkeypatch.setattr(contracts, "documents", lambda: {"a.md": "new\n"})
    assert contracts.main(["--check"]) == 1
    assert "+new" in capsys.readouterr().out
    assert not (tmp_path / "a.md").exists()
    assert contracts.main([]) == 0
    assert contracts.main(["--check"]) == 0


def test_a_long_difference_is_cut(tmp_path):
    wanted = {"a.md": "".join(f"{n}\n" for n in range(100))}
    shown = list(contracts.differences(wanted, tmp_path))
    assert len(shown) == contracts.SHOWN_LINES + 1
    assert "more lines of a.md" in shown[-1]
