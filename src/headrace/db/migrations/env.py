"""Run by Alembic: upgrade over the connection that `Database.migrate` opened, in its transaction."""

from alembic import context

from headrace.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
