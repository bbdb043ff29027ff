-- Settings of the transaction under way. Parameters: settings, a JSON object.
select set_config(key, value, true)
from jsonb_each_text(%(settings)s)
