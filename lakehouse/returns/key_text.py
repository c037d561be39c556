"""The text beside a published key: how its fingerprint is compared, in Chinese and English."""

from __future__ import annotations

from huiliu_verify.signing import PublicKey, grouped

MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # tells old editors of Windows that this is UTF-8
GROUPS_A_LINE = 8
TEXT = """\
{sender}：回流数据包签名公钥的指纹（SHA-256）

{lines}

怎样核对
1. 与文件一同送来的公钥本身不能证明什么：能替换文件的人，也能替换公钥和这页说明。
2. 请用您早已知道的号码（不要用本文件夹中或来信中的号码）致电数据管理部门，请对方读出指纹，一共 16 组，每组 4 位，逐组核对。
3. 16 组全部一致，即可使用：huiliu-verify 文件夹 --key "指纹"
4. 有一组不一致，请不要使用这些文件，并立即告知数据管理部门。
5. 核对一次即可，请记下指纹；公钥更换时会另行通知，请再核对一次。

----

{sender}: fingerprint (SHA-256) of the public key that signs the packages of the return flow

{lines}

How to compare it
1. A key that comes with the files proves nothing by itself: who can replace the files can replace the key and this page.
2. Call the data office at a number you know already, not at one from this folder or from a letter that came with it. Let them read
   out the fingerprint, 16 groups of 4 digits, and compare group by group.
3. If all 16 groups are the same: huiliu-verify FOLDER --key "FINGERPRINT"
4. If one group differs, use none of these files, and tell the data office at once.
5. Once is enough; write the fingerprint down. You will be told of a new key: then compare again.
"""


def how_to_compare(sender: str, key: PublicKey) -> bytes:
    """Return the text, as an editor of Windows shows it."""
    groups = grouped(key.fingerprint).split(" ")
    lines = "\n".join("    " + " ".join(groups[start : start + GROUPS_A_LINE]) for start in range(0, len(groups), GROUPS_A_LINE))
    return (MARK + TEXT.format(sender=sender, lines=lines)).replace("\n", "\r\n").encode()
