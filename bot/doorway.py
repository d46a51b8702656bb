"""The pages of join links, put together: where there is a public address, and with sign-in where that is wanted."""

from __future__ import annotations

from bot.assembly import build_alerting
from bot.beacons import Beacons
from bot.clock import Clock
from bot.delivery import Delivery
from bot.door import Door
from bot.join_web import JoinWeb
from bot.rooms.registry import RoomServices
from bot.settings import Settings
from bot.sign_in import SignIn
from storage.sealing import Sealer
from storage.store import Store


def build_join_web(
    settings: Settings,
    *,
    store: Store,
    door: Door,
    services: RoomServices,
    delivery: Delivery,
    sealer: Sealer,
    clock: Clock,
) -> JoinWeb | None:
    """None: there is no address under which others would reach them. `delivery`: to Slack, as nobody."""
    public_url = settings.hallpass_public_url
    if public_url is None:
        return None
    paged = {service.name for service in services if service.capabilities.own_page}
    beacons = Beacons(
        store=store, door=door, clock=clock, alerting=build_alerting(settings), runs_here=paged.__contains__
    )
    sign_in = _build_sign_in(settings, public_url, delivery=delivery, sealer=sealer, clock=clock)
    return JoinWeb(door=door, beacons=beacons, clock=clock, public_url=public_url, sign_in=sign_in)


def _build_sign_in(
    settings: Settings, public_url: str, *, delivery: Delivery, sealer: Sealer, clock: Clock
) -> SignIn | None:
    """Where people are asked who they are before a link lets them in."""
    client_id, secret = settings.slack_client_id, settings.slack_client_secret
    if not settings.hallpass_sign_in or client_id is None or secret is None:
        return None
    return SignIn(
        client_id=client_id,
        client_secret=secret.get_secret_value(),
        public_url=public_url,
        api_url=settings.slack_api_url,
        delivery=delivery,
        sealer=sealer,
        now=clock.machine_now,
    )
