"""The city's household register (户籍人口), a table read every day."""

from tests.oracle import columns as read
from tests.oracle import vocabulary as ask
from tests.oracle.files import Csv
from tests.oracle.shape import Page, Residence, warn

PAGE = Page(
    file=Csv(is_ours=True),
    key=("id_no",),
    position="update_time",
    residence=Residence(code="hukou_region_code", address="hukou_address"),
    columns={
        "id_no": read.identity(ask.required, ask.resident_id, warn(ask.resident_id_15)),
        "person_name": read.trimmed(ask.required),
        "former_name": read.trimmed(),
        "gender_code": read.plain(ask.required, ask.domain("gender"), ask.gender_of_id),
        "birth_date": read.birthday(ask.required, ask.birth_date_of_id),
        "ethnicity_code": read.plain(ask.required, ask.domain("ethnicity")),
        "hukou_region_code": read.place(ask.required, warn(ask.place_known("community")), warn(ask.place_current("community"))),
        "hukou_address": read.trimmed(ask.required),
        "household_no": read.plain(ask.required, warn(ask.pattern("[0-9A-Za-z]{9}"))),
        "head_id_no": read.identity(warn(ask.resident_id)),
        "relation_to_head_code": read.plain(warn(ask.required), ask.domain("relation_to_head")),
        "register_type": read.plain(ask.required, ask.domain("register_type")),
        "move_in_date": read.day(),
        "move_out_date": read.day(),
        "cancel_reason": read.trimmed(ask.domain("cancel_reason")),
        "cancel_date": read.day(),
        "update_time": read.moment(ask.required),
    },
)
