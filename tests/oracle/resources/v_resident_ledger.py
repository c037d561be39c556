"""The communities' ledgers of residents (社区居民台账), one workbook a community and week."""

from tests.oracle import columns as read
from tests.oracle import vocabulary as ask
from tests.oracle.files import Sheet
from tests.oracle.shape import Page, Residence, warn

PAGE = Page(
    file=Sheet("居民台账"),
    cycle="week",
    key=("community_code", "id_no"),
    residence=Residence(code="community_code", address="address_text"),
    columns={
        "community_code": read.place(
            ask.required, ask.place_known("community"), warn(ask.place_current("community")), ask.place_inside, header="社区代码"
        ),
        "person_name": read.trimmed(ask.required, header="姓名"),
        "id_no": read.identity(ask.required, ask.resident_id, warn(ask.resident_id_15), ask.reference("person"), header="身份证号"),
        "phone": read.plain(warn(ask.pattern(ask.PHONE)), header="联系电话"),
        "address_text": read.trimmed(warn(ask.required), header="住址"),
        "is_hukou_consistent": read.plain(ask.domain("yes_no_0102"), header="人户一致标识"),
        "is_tenant": read.plain(ask.domain("yes_no"), header="是否租户"),
        "remark": read.trimmed(header="备注"),
    },
)
