"""Tokens in, tokens out: schedules requests into steps, runs them on a backend and streams tokens back.

Containers hold one `service.EngineService`; nothing here knows HTTP, AWS or a wire format.
"""
