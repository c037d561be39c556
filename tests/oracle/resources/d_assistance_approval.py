"""The district's approvals of social assistance (社会救助审核确认), a workbook with two rows of headers every day."""

from tests.oracle import columns as read
from tests.oracle import vocabulary as ask
from tests.oracle.files import Sheet
from tests.oracle.shape import Page, warn

PAGE = Page(
    file=Sheet("审核确认", first=2, last=3),
    key=("case_no", "member_id_no"),
    position="update_time",
    columns={
        "case_no": read.plain(ask.required, header="案件编号"),
        "assistance_type": read.plain(ask.required, ask.domain("assistance_type"), header="救助类型"),
        "applicant_id_no": read.identity(warn(ask.resident_id), warn(ask.resident_id_15), header="申请人/身份证号"),
        "member_name": read.trimmed(ask.required, header="成员/姓名"),
        "member_id_no": read.identity(
            ask.required, ask.resident_id, warn(ask.resident_id_15), ask.reference("person"), header="成员/身份证号"
        ),
        "member_relation": read.plain(warn(ask.domain("relation_to_head")), header="成员/关系"),
        "household_size": read.whole(ask.required, ask.at_least(1), warn(ask.at_most(20), name="large"), header="家庭/人数"),
        "monthly_income_per_capita": read.number(ask.at_least(0), header="家庭/人均月收入"),
        "monthly_amount": read.number(ask.required, ask.at_least(0), warn(ask.at_most(20_000), name="large"), header="家庭/月救助金"),
        "start_month": read.plain(ask.required, ask.pattern(ask.MONTH), header="起止/开始月份"),
        "end_month": read.plain(ask.pattern(ask.MONTH), ask.no_earlier_than("start_month"), header="起止/结束月份"),
        "status": read.plain(ask.required, ask.domain("assistance_status"), header="状态"),
        "review_due": read.day(warn(ask.not_overdue("status", "在享")), header="复核到期日"),
        "street_code": read.place(warn(ask.place_known("street")), warn(ask.place_inside), header="街道代码"),
        "community_code": read.place(
            ask.required,
            warn(ask.place_known("community")),
            warn(ask.place_current("community")),
            warn(ask.place_inside),
            header="社区代码",
        ),
        "update_time": read.moment(ask.required, ask.not_after_today, header="更新时间"),
    },
)
