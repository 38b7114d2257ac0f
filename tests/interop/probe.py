"""A client that does what it should not: paho-mqtt with every answer of the broker kept."""

import paho.mqtt.client as mqtt

from stage import heard, wait_for


class Probe:
    """One connection to see refusals on: reasons as names, as paho has them, and MQTT 5 reason strings."""

    def __init__(self, port, client_id, password, mqtt5, username=None, will=None):
        self.connected, self.disconnected, self.messages = [], [], []
        self.suback, self.puback = [], []
        version = mqtt.MQTTv5 if mqtt5 else mqtt.MQTTv311
        arguments = {} if mqtt5 else {"clean_session": True}
        self.client = client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id, protocol=version, reconnect_on_failure=False, **arguments
        )
        client.username_pw_set(username or client_id, password)
        if will:
            client.will_set(*will)
        client.on_connect = lambda _c, _u, _f, reason, props: heard(self.connected, answer(reason, props))
        client.on_disconnect = lambda _c, _u, _f, reason, props: heard(self.disconnected, answer(reason, props))
        client.on_subscribe = lambda _c, _u, mid, reasons, props: heard(self.suback, (mid, answer(reasons[0], props)))
        client.on_publish = lambda _c, _u, mid, reason, props: heard(self.puback, (mid, answer(reason, props)))
        client.on_message = lambda _c, _u, message: heard(self.messages, (message.topic, message.payload))
        client.connect("127.0.0.1", port, keepalive=30)
        client.loop_start()
        self.login = wait_for(lambda: self.connected, "an answer to CONNECT")[0]

    def subscribe(self, topic_filter):
        _, mid = self.client.subscribe(topic_filter, qos=1)
        return self.answer_to(mid, self.suback, "SUBACK")

    def publish(self, topic, payload, retain=False):
        mid = self.client.publish(topic, payload, qos=1, retain=retain).mid
        return self.answer_to(mid, self.puback, "PUBACK")

    def answer_to(self, mid, answers, what):
        def look():
            if self.disconnected:
                return [("disconnected", *self.disconnected[0])]
            return [answer for number, answer in list(answers) if number == mid]

        return wait_for(look, what)[0]

    def wait_disconnected(self):
        return wait_for(lambda: self.disconnected, "the broker hangs up")[0]

    def heard_on(self, topic):
        return [payload for name, payload in list(self.messages) if name == topic]

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def answer(reason, properties):
    """The number of the reason, and the broker's code in MQTT 5's reason string."""
    return reason.value, getattr(properties, "ReasonString", None)
