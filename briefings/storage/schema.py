"""What all tables have in common."""

from sqlalchemy import BigInteger, MetaData

Time = BigInteger
"""Milliseconds do not fit the 32 bits that PostgreSQL gives an Integer."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
