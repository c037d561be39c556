"""Why a workbook is refused, and what its sender can do: in Chinese and English, without a value from the file or a programmer's word."""

from __future__ import annotations


def both(zh: str, en: str) -> str:
    """Return a text in both languages, as tickets have it."""
    return f"{zh} / {en}"


SAVE_AGAIN = both("用表格软件打开、另存后重新报送", "open it in the spreadsheet program, save it again and send it.")
SAVE_AS = both("在表格软件中另存为 .xlsx 后报送", "save it as .xlsx in the spreadsheet program and send that file.")
NO_PASSWORD = both("去掉密码，另存为 .xlsx 后重新报送", "save it as .xlsx without a password and send it again.")
IN_SEVERAL = both("分成几个文件报送", "send it in several files.")
RENAME_SHEET = both("把工作表改成这个名称后重新报送", "name the sheet exactly so and send the file again.")
PLAIN_TEXTS = both("表头只写文字", "write plain texts.")

EMPTY = both("文件是空的", "the file is empty.")
MARKUP = both("文件是网页或 XML，只有文件名像工作簿", "the file is a web page or plain XML, only its name is that of a workbook.")
NO_PACKAGE = both(
    "文件不是工作簿，只有文件名像工作簿（可能是纯文本，或已打开工作簿的锁文件）",
    "the file is no workbook, only its name is that of one (it may be plain text, or the lock file of an open workbook).",
)
NO_WORKBOOK = both("文件不是工作簿：其中没有工作簿部件", "the file is no workbook: no part of it is the workbook itself.")
OLD_OR_LOCKED = both("工作簿已加密，或是旧格式（.xls）", "the workbook is encrypted, or of the old format (.xls).")
LOCKED = both("工作簿已加密", "the workbook is encrypted.")
TOO_LARGE = both("工作簿过大", "the workbook is too large.")
INFLATES = both("工作簿解压后过大", "the workbook is too large when it is unpacked.")
TOO_MANY_PARTS = both("文件的部件比工作簿可有的还多", "the file has more parts than a workbook.")
ONE_NAME = both("文件中有两个同名部件，不知以哪个为准", "two parts of the file have one name, so it is unknown which of them counts.")
ODD_PACKING = both("文件有部件用了工作簿不用的压缩方式", "a part of the file is packed in a way that workbooks do not use.")
UNSAFE = both(
    "文件有部件自行声明了实体，或不是 UTF-8 编码",
    "a part declares entities of its own or is not UTF-8, which no spreadsheet program does.",
)
CUT_OFF = both("文件不完整或已损坏，无法解压", "the file is cut off or damaged: it cannot be unpacked.")
NO_XML = both("文件有部件已损坏，不是完整的 XML", "a part of the file is damaged: it is no well-formed XML.")
NO_FORM = both("文件有部件不合工作簿的格式", "a part of the file is not written as the format of workbooks says.")
NO_CELLS = both("这一页是图表、对话框或宏，没有单元格", "it is a page with a chart, a dialog or macros.")
ODD_MERGING = both("有合并单元格的范围无法识别", "it has merged cells whose range cannot be read.")

TEXTS = "单元格的文字（sharedStrings）", "the texts of its cells (shared strings)"
STYLES = "单元格的格式（styles）", "the formats of its cells (styles)"
BINARY = "二进制工作簿（.xlsb）", "a binary workbook (.xlsb)"
DOCUMENT = "文字文档（.docx）", "a text document (.docx)"
SLIDES = "演示文稿（.pptx）", "slides (.pptx)"
OPEN_DOCUMENT = "另一种格式的表格（.ods）", "a spreadsheet of another format (.ods)"


def another_kind(kind: tuple[str, str]) -> str:
    """Say what a file is that is no workbook."""
    return both(f"文件是{kind[0]}，不是工作簿", f"the file is {kind[1]}, no workbook.")


def missing(what: tuple[str, str]) -> str:
    """Say which part of a workbook is missing."""
    return both(f"文件缺少一个部件：{what[0]}", f"a part of the file is missing: the one that holds {what[1]}.")


def cells_of(sheet: str) -> tuple[str, str]:
    """Name the part that holds the cells of the declared sheet."""
    return f"工作表“{sheet}”的单元格", f"the cells of sheet {sheet}"


def no_sheet(name: str, sheets: int) -> str:
    """Say that the declared sheet is not there; the names of the others may hold data."""
    return both(f"{sheets} 张工作表中没有“{name}”", f"there is no sheet {name} among the {sheets} sheets.")


def rows_out_of_order(after: int) -> str:
    """Say after which row the next one has a number that cannot be."""
    return both(
        f"行的次序不对：第 {after} 行之后的行号更小、相同或无法识别",
        f"its rows are not in order: after row {after} comes one with an earlier or the same number, or with none that can be read.",
    )


def unreadable_header(place: str, reject: str) -> str:
    """Say which cell or row of the header cannot be read."""
    return both(f"表头 {place} 无法读取（{reject}）", f"{place} cannot be read ({reject}).")
