"""The streets' lists of services and allowances for the elderly (养老服务与高龄津贴名册), one CSV file a street and month."""

from tests.oracle import columns as read
from tests.oracle import vocabulary as ask
from tests.oracle.files import Csv
from tests.oracle.shape import Page, Residence, warn

PAGE = Page(
    file=Csv(encoding="gb18030"),
    cycle="month",
    key=("id_no", "pay_month", "service_type"),
    dropped=("开户银行账号",),
    residence=Residence(community_name="community_name"),
    columns={
        "person_name": read.trimmed(ask.required, header="姓名"),
        "id_no": read.identity(ask.required, ask.resident_id, warn(ask.resident_id_15), ask.reference("person"), header="身份证号"),
        "age_reported": read.whole(warn(ask.age_of_id), header="年龄"),
        "service_type": read.trimmed(ask.required, ask.domain("elderly_service_type"), header="服务类型"),
        "amount_yuan": read.number(ask.required, ask.at_least(0), is_typed=False, header="补贴标准"),
        "pay_month": read.plain(ask.required, ask.pattern(ask.MONTH), ask.month_not_ahead, header="发放月份"),
        "phone": read.plain(warn(ask.pattern(ask.PHONE)), header="联系电话"),
        "community_name": read.trimmed(header="社区"),
        "remark": read.trimmed(header="备注"),
    },
)
