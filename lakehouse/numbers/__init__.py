"""Numbers that identify people (公民身份号码), legal entities (统一社会信用代码) and certificates: check digits and contents."""
