"""What private text can be pulled out of a clone's adapter? Asks the model itself, without guards.

Every figure stands beside a control: the base without the adapter, and text that was held out. Knows a Voice and
the clone folder; what the findings are compared with is `likeness`'s.
"""
