"""The functions that a query may call: those that compute, and nothing that reads, writes, waits or grows a text."""

from __future__ import annotations

from typing import Final


def _named(names: str) -> frozenset[str]:
    return frozenset(names.split())


AGGREGATES: Final = _named("""
any_value array_agg avg bit_and bit_or bool_and bool_or corr count covar_pop covar_samp every group_concat json_agg
json_group_array json_group_object json_object_agg jsonb_agg jsonb_object_agg max median min mode percentile_cont
percentile_disc regr_slope regr_intercept regr_r2 stddev stddev_pop stddev_samp string_agg sum total var_pop var_samp
variance
""")
WINDOWS: Final = _named(
    "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number"
)
PLAIN: Final = _named("""
abs acos age array_length array_position array_to_string array_upper asin atan atan2 btrim cardinality ceil ceiling
char char_length character_length chr coalesce concat concat_ws cos date date_bin date_part date_trunc datetime degrees
div exp extract floor glob greatest hex ifnull iif initcap instr isfinite isnull json json_array json_array_length
json_each json_extract json_object json_quote json_type json_valid julianday jsonb_array_elements
jsonb_array_elements_text jsonb_array_length jsonb_each jsonb_each_text jsonb_exists jsonb_exists_all jsonb_exists_any
jsonb_extract_path jsonb_extract_path_text jsonb_object_keys jsonb_typeof least left length like likely ln log log10
log2 lower ltrim make_date md5 mod notlike now nullif octet_length pi position power pow quote radians regexp_count
regexp_like regexp_match regexp_replace regexp_substr replace reverse right round rtrim sign sin split_part sqrt
starts_with strftime strpos substr substring tan time timediff timezone to_char to_date to_number to_timestamp
translate trim trunc typeof unicode unixepoch unlikely unnest upper width_bucket -> ->>
""")
CASTS: Final = _named("""
bool bpchar date float4 float8 int2 int4 int8 interval json jsonb numeric text time timestamp timestamptz timetz
varchar array_cat array_append array_prepend textcat like_escape ilike
""")
"""Casts are functions in PostgreSQL, named as the type is."""
ALLOWED: Final = AGGREGATES | WINDOWS | PLAIN | CASTS
