"""A further kind of entity, vehicles, as a team would add it: all its files, and its lines of authority.yaml."""

from __future__ import annotations

import shutil
from pathlib import Path

from lakehouse.config import PROJECT

REGISTER, INSPECTION, LIBRARY = "c_vehicle_registration", "c_vehicle_inspection", "base.vehicle"
HEAD = """\
apiVersion: v3.1.0
kind: DataContract
id: {code}
name: {name}
version: 1.0.0
status: active
description: {{purpose: 本市机动车的登记与查验。}}
customProperties:
  - {{property: nameEn, value: {name_en}}}
  - {{property: level, value: city}}
  - {{property: provider, value: {{kind: {provider}}}}}
  - {{property: source, value: {{kind: csv, path: "{code}/{{date}}_{{n}}.csv"}}}}
  - {{property: cycle, value: {{every: day, dueHours: 9}}}}
  - {{property: delivery, value: increment}}
  - {{property: sharing, value: {{attribute: 2, grade: 3, openType: closed}}}}
  - {{property: locality, value: {locality}}}
schema:
  - name: {code}
    logicalType: object
    properties:
"""
COLUMN = """\
      - name: {name}
        businessName: {label}
        description: {english}
        logicalType: string
        customProperties: [{{property: class, value: {class_}}}, {{property: grade, value: {grade}}}{more}]
"""
KEY = "        primaryKey: true\n        required: true\n"
RULE = "        quality: [{{type: custom, engine: huiliu, implementation: {{rule: {kind}, {more}}}}}]\n"
COLOUR = COLUMN.format(name="colour_code", label="车身颜色", english="colour", class_="plain", grade=1, more="") + RULE.format(
    kind="domain", more="severity: error, codes: vehicle_colour"
)
VIN = COLUMN.format(name="vin", label="车辆识别代号", english="number of the vehicle", class_="plain", grade=2, more="") + KEY
IDENTITY = ", {property: identity, value: owner_person_id}, {property: normalise, value: [trim, half_width, upper, resident_id_18]}"
REGISTER_CONTRACT = (
    HEAD.format(
        code=REGISTER, name="机动车登记", name_en="Vehicle register", provider="public_security", locality="{address: garage_address}"
    )
    + VIN
    + COLUMN.format(name="plate_no", label="号牌号码", english="number plate", class_="plain", grade=2, more="")
    + COLOUR
    + COLUMN.format(name="owner_id_no", label="所有人证件号码", english="number of the owner", class_="id_no", grade=3, more=IDENTITY)
    + RULE.format(kind="reference", more="severity: warning, to: person")
    + COLUMN.format(name="garage_address", label="停放地址", english="address of the garage", class_="address", grade=3, more="")
)
INSPECTION_CONTRACT = (
    HEAD.format(
        code=INSPECTION, name="机动车查验", name_en="Vehicle inspection", provider="market_regulation", locality="{code: community_code}"
    )
    + VIN
    + RULE.format(kind="reference", more="severity: warning, to: vehicle")
    + COLOUR
    + COLUMN.format(name="community_code", label="停放社区", english="community", class_="plain", grade=2, more="")
)
AUTHORITY = f"""\
  vehicle:
    name: 车辆
    name_en: vehicle
    id: vin
    defined_by: [{REGISTER}]
    fields:
      plate_no: {{candidates: [{{resource: {REGISTER}}}]}}
      colour_code: {{candidates: [{{resource: {REGISTER}}}, {{resource: {INSPECTION}}}]}}
      owner_person_id: {{candidates: [{{resource: {REGISTER}}}]}}
      garage:
        kind: place
        candidates: [{{resource: {REGISTER}, confidence: 3}}, {{resource: {INSPECTION}, confidence: 2}}]
"""
MODEL = """\
{{ config(unique_key='vin') }}
{%- set sources = value_sources('vehicle', 'value') -%}
{%- do sources.update({'garage': 'garage.kept.source'}) %}
select
  value.vin,
  {% for name in ['plate_no', 'colour_code', 'owner_person_id'] -%}
  value.{{ name }}.value as {{ name }},
  {% endfor -%}
  garage.kept.address_id as garage_address_id,
  {% for column in locality_columns() -%}
  garage.kept.{{ column }} as {{ column }},
  {% endfor -%}
  garage.kept.source as locality_source,
  {{ confidence('garage.kept') }} as locality_confidence,
  {{ field_sources(sources) }} as _field_sources
from {{ ref('int_vehicle__value') }} as value
left join {{ ref('int_entity__place') }} as garage
  on value.vin = garage.entity_id and garage.entity = 'vehicle' and garage.field = 'garage'
"""
RAW = "class: {class_}, grade: {grade}, as: raw, from: [golden.vehicle.{name}]"
ADDRESS = "class: address, grade: 3, as: raw, from: [golden.vehicle.garage, golden.address.address_id]"
PLACE = 'class: plain, gradeAfter: 2, as: other, from: [golden.vehicle.garage], reason: "the region a row is filed under"'
OURS = 'class: plain, gradeAfter: 3, as: other, from: [], reason: "made by the lake"'
COLUMNS = {
    "vin": ("string", "车辆识别代号 / Number of the vehicle", RAW.format(class_="plain", grade=2, name="vin")),
    "plate_no": ("string", "号牌号码 / Number plate", RAW.format(class_="plain", grade=2, name="plate_no")),
    "colour_code": ("string", "车身颜色 / Colour", RAW.format(class_="plain", grade=1, name="colour_code")),
    "owner_person_id": ("string", "所有人假名标识 / Pseudonym of the owner", RAW.format(class_="id_no", grade=3, name="owner_person_id")),
    "garage_address_id": ("string", "停放地标准地址 / Standard address", ADDRESS),
    **{f"{level}_code": ("string", f"属地{level} / {level} of the garage", PLACE) for level in ("province", "city", "district", "street")},
    **{f"{level}_code": ("string", f"属地{level} / {level} of the garage", PLACE) for level in ("community", "grid")},
    "locality_source": ("string", "属地来源 / Source of the place", OURS),
    "locality_confidence": ("int", "属地可信度 / How sure the place is", OURS),
    "_field_sources": ("string", "字段来源 / Sources of fields", OURS),
    "_row_hash": ("string", "行内容散列 / Hash of the row", OURS),
    "_since": ("date", "起始业务日 / Date the content first stood", OURS),
}
SCHEMA = (
    "models:\n  - name: vehicle\n    description: 车辆基础库 / Vehicles\n    data_tests: [{one_row_per: {keys: [vin]}}]\n    columns:\n"
    + "".join(
        f'      - {{name: {name}, data_type: {type_}, description: "{label}", config: {{meta: {{{meta}}}}}}}\n'
        for name, (type_, label, meta) in COLUMNS.items()
    )
)
RETURN = """\
id: vehicle_list
version: 1.0.0
name: 车辆清单
description: 属地内车辆 / Vehicles of the recipient's area
source: base.vehicle
key: vin
levels:
  street: {legalBasis: Art30, need: XQ-2026-009, purpose: 车辆停放管理}
cycle: {every: day, dueHours: 9}
retentionDays: 90
columns:
  - {name: vin, label: 车辆识别代号, type: string, class: plain, grade: 2}
  - {name: colour_code, label: 颜色, type: string, class: plain, grade: 1, codes: vehicle_colour}
"""
FILES = {
    f"contracts/resources/city/{REGISTER}.odcs.yaml": REGISTER_CONTRACT,
    f"contracts/resources/city/{INSPECTION}.odcs.yaml": INSPECTION_CONTRACT,
    "contracts/codes/vehicle_colour.csv": "code,label_zh,label_en,valid_from,valid_to,successor_code\n1,白,white,,,\n2,黑,black,,,\n",
    "contracts/returns/vehicle_list.yaml": RETURN,
    "dbt_project/models/base/vehicle.sql": MODEL,
    "dbt_project/models/base/vehicle.yml": SCHEMA,
}


def add_vehicles(folder: Path) -> dict[str, Path]:
    """Copy contracts and dbt project into a folder, add vehicles to them, and return the settings that name them."""
    settings = {name: Path(shutil.copytree(PROJECT / name, folder / name)) for name in ("contracts", "dbt_project")}
    for name, text in FILES.items():
        assert not (folder / name).exists()
        (folder / name).write_text(text, "utf-8")
    path = folder / "contracts" / "authority.yaml"
    before, after = path.read_text("utf-8").split("\nrecords:\n")
    path.write_text(f"{before}\n{AUTHORITY}records:\n{after}", "utf-8")
    return settings
