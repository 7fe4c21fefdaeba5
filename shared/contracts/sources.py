"""The rules that refusals and documents rest on, by a short code, with their full names."""

from __future__ import annotations

from collections.abc import Mapping

from shared.errors import Text

SOURCES: Mapping[str, Text] = {
    "service": Text("本平台服务规则", "Rules of this service"),
    "LDMA 3": Text(
        "《劳动争议调解仲裁法》第三条", "Labour Dispute Mediation and Arbitration Law, art. 3"
    ),
    "LDMA 14": Text(
        "《劳动争议调解仲裁法》第十四条", "Labour Dispute Mediation and Arbitration Law, art. 14"
    ),
    "LDMA 15": Text(
        "《劳动争议调解仲裁法》第十五条", "Labour Dispute Mediation and Arbitration Law, art. 15"
    ),
    "LDMA 16": Text(
        "《劳动争议调解仲裁法》第十六条", "Labour Dispute Mediation and Arbitration Law, art. 16"
    ),
    "LDMA 27": Text(
        "《劳动争议调解仲裁法》第二十七条", "Labour Dispute Mediation and Arbitration Law, art. 27"
    ),
    "R17 22": Text(
        "《企业劳动争议协商调解规定》第二十二条",
        "Provisions on Negotiation and Mediation of Enterprise Labour Disputes, art. 22",
    ),
    "R17 24": Text(
        "《企业劳动争议协商调解规定》第二十四条",
        "Provisions on Negotiation and Mediation of Enterprise Labour Disputes, art. 24",
    ),
    "R17 26": Text(
        "《企业劳动争议协商调解规定》第二十六条",
        "Provisions on Negotiation and Mediation of Enterprise Labour Disputes, art. 26",
    ),
    "R17 29": Text(
        "《企业劳动争议协商调解规定》第二十九条",
        "Provisions on Negotiation and Mediation of Enterprise Labour Disputes, art. 29",
    ),
    "R17 30": Text(
        "《企业劳动争议协商调解规定》第三十条",
        "Provisions on Negotiation and Mediation of Enterprise Labour Disputes, art. 30",
    ),
    "R33 74": Text(
        "《劳动人事争议仲裁办案规则》第七十四条",
        "Rules for Handling Labour and Personnel Arbitration Cases, art. 74",
    ),
    "R33 76": Text(
        "《劳动人事争议仲裁办案规则》第七十六条",
        "Rules for Handling Labour and Personnel Arbitration Cases, art. 76",
    ),
    "CPL 56": Text("《民事诉讼法》第五十六条", "Civil Procedure Law, art. 56"),
    "CPL 62": Text("《民事诉讼法》第六十二条", "Civil Procedure Law, art. 62"),
    "CPL 205": Text("《民事诉讼法》第二百零五条", "Civil Procedure Law, art. 205"),
}
"""Code → full name. `service` is what the law leaves to whoever runs a mediation service."""
