"""Why an evidence file was refused: the closed list of reasons, each saying what to do instead."""

from __future__ import annotations

from collections.abc import Mapping

from shared.errors import FieldError, Refused, Text

REASONS: Mapping[str, Text] = {
    "too_large": Text(
        "文件太大，请压缩或分成几个文件上传",
        "The file is too large; compress it or split it into several files",
    ),
    "empty": Text("文件是空的，请重新选择文件", "The file is empty; choose the file again"),
    "incomplete": Text(
        "文件没有传完，请重新上传", "The file did not arrive in full; upload it again"
    ),
    "type_not_allowed": Text(
        "不支持这种文件。请上传照片、PDF、Word、Excel、PPT、文本、录音、录像或zip压缩包",
        "This kind of file is not accepted. Send photos, PDF, Word, Excel, PowerPoint, text, "
        "sound, video or a zip archive",
    ),
    "other_archive": Text(
        "不支持rar、7z等压缩格式，请改用zip压缩，或逐个上传",
        "Archives other than zip are not accepted; pack the files as zip or send them one by one",
    ),
    "executable": Text(
        "文件是程序、脚本或网页，为安全起见不予接收",
        "Programs, scripts and web pages are not accepted, for everybody's safety",
    ),
    "password_protected": Text(
        "文件设有打开密码，调解员无法查看，请去掉密码后上传",
        "The file needs a password to open; remove the password and upload it again",
    ),
    "type_mismatch": Text(
        "文件内容与文件名的类型不符，请检查后重新上传",
        "The file's content is not what its name says; check it and upload it again",
    ),
    "zip_bomb": Text(
        "压缩包内文件过多、过大或层层嵌套，请分成几个压缩包上传",
        "The archive holds too many or too large files, or archives within archives; split it",
    ),
    "zip_path": Text(
        "压缩包内的文件名不安全，请重新压缩后上传",
        "The archive holds unsafe file names; pack it again",
    ),
    "zip_encrypted": Text(
        "压缩包设有密码，调解员无法查看，请去掉密码后上传",
        "The archive needs a password; pack it without one and upload it again",
    ),
    "zip_broken": Text(
        "压缩包已损坏或格式特殊，请用手机或电脑自带的功能重新压缩",
        "The archive is damaged or of an unusual form; pack it again with your device's own tool",
    ),
    "zip_executable": Text(
        "文件内含有程序、脚本、宏、网页或zip以外的压缩文件，请去掉后重新上传",
        "The file holds a program, script, macro, web page or another kind of archive; remove it",
    ),
    "infected": Text(
        "文件未通过病毒检查，请先杀毒，或拍照、截图后上传",
        "The virus check found something; clean the file, or send a photo or screenshot of it",
    ),
}


def refused(code: str) -> Refused:
    """The refusal for a reason that needs no figure."""
    return _refused(code, REASONS[code])


def too_large(limit_bytes: int) -> Refused:
    """The refusal of a file above the limit, which it names in whole megabytes."""
    megabytes = limit_bytes // (1024 * 1024)
    reason = Text(
        f"单个文件不能超过{megabytes}MB，请压缩或分成几个文件上传",
        f"A file may have at most {megabytes} MB; compress it or split it into several files",
    )
    return _refused("too_large", reason)


def _refused(code: str, reason: Text) -> Refused:
    return Refused("evidence_refused", reason, errors=(FieldError("", code, reason),))
