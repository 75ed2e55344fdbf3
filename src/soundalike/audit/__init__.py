"""What private text can be extracted from a clone's adapter? The model itself is asked, without guards.

Every figure stands beside a control: the base without the adapter, and text that was held out.
"""
