"""A notes API whose callers show an access token."""

from typing import Annotated

from fastapi import FastAPI, Security

from bearer import Token, bearer, lifespan

app = FastAPI(title="Notes", lifespan=lifespan)


@app.get("/notes")
async def read_notes(token: Annotated[Token, Security(bearer, scopes=["read"])]):
    return {"you": token}


@app.post("/notes", status_code=201)
async def write_note(token: Annotated[Token, Security(bearer, scopes=["write"])]):
    return {"you": token}
