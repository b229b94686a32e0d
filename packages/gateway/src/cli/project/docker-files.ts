/** Text of the `Dockerfile` of a project: its folders, with their packages, on the gateway. */
export const dockerFile = `# Written by \`dropgate init --docker\`. It is yours: change what you need.
#   docker build --tag agents .
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \\
#     --volume agents-state:/srv/dropgate/.dropgate --publish 127.0.0.1:8080:8080 --env OPENAI_API_KEY agents
# Nothing secret belongs into an image: .dockerignore leaves every .env and .npmrc out. A registry that asks for a token
# gets it while it is built: docker build --secret id=npmrc,src=$HOME/.npmrc --secret id=pip,src=$HOME/.config/pip/pip.conf …

# Debian with Node 24 and npm.
ARG BASE=docker.io/library/node:24-bookworm-slim

FROM \${BASE} AS runtime
# tini is process 1: it takes away what children of workers leave behind. Without agents in Python the two of python3 may go.
RUN apt-get update \\
  && apt-get install --yes --no-install-recommends ca-certificates tini python3 python3-venv \\
  && rm -rf /var/lib/apt/lists/*

FROM runtime AS installed
WORKDIR /srv/dropgate
# With archives that package.json names with \`file:\`.
COPY package*.json *.tg[z] ./
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \\
  if [ -f package-lock.json ]; then npm ci --no-audit --no-fund; else npm install --no-audit --no-fund; fi \\
  && ln -s /srv/dropgate/node_modules/.bin/dropgate /usr/local/bin/dropgate
# The SDK for agents in Python, outside of .dropgate, over which a volume lies. Without such agents these lines may go.
WORKDIR /opt/python
RUN --mount=type=secret,id=pip,target=/etc/pip.conf dropgate deps install --shared
ENV GATEWAY_PYTHON=/opt/python/.dropgate/python/.venv/bin/python
# What each agent declares, into its own folder.
WORKDIR /srv/dropgate
COPY . .
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=pip,target=/etc/pip.conf \\
  dropgate deps install && rm -rf .dropgate && chmod -R a+rX /srv/dropgate /opt/python

FROM runtime
COPY --from=installed /opt/python /opt/python
COPY --from=installed /srv/dropgate /srv/dropgate
RUN ln -s /srv/dropgate/node_modules/.bin/dropgate /usr/local/bin/dropgate \\
  && mkdir /srv/dropgate/.dropgate \\
  && chown 10001:10001 /srv/dropgate/.dropgate \\
  && chmod 700 /srv/dropgate/.dropgate
WORKDIR /srv/dropgate
# The root may be read-only: only .dropgate and /tmp are written. The first admin key is made there while no key exists.
ENV NODE_ENV=production \\
  HOME=/tmp \\
  PYTHONDONTWRITEBYTECODE=1 \\
  GATEWAY_HOST=0.0.0.0 \\
  GATEWAY_PORT=8080 \\
  GATEWAY_PYTHON=/opt/python/.dropgate/python/.venv/bin/python \\
  GATEWAY_BOOTSTRAP_KEY_FILE=/srv/dropgate/.dropgate/bootstrap-key
VOLUME /srv/dropgate/.dropgate
EXPOSE 8080
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \\
  CMD ["node", "-e", "fetch(\`http://127.0.0.1:\${process.env.GATEWAY_PORT}/healthz\`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "dropgate"]
CMD ["start"]
`;

/** Text of the `.dockerignore` of a project: secrets, state, and what is installed while the image is built. */
export const dockerIgnoreFile = `# Secrets and state stay out of the image.
**/.env
**/.env.*
!**/.env.example
**/.npmrc
**/*.pem
**/*.key
.dropgate
# What is installed while the image is built.
**/node_modules
**/.venv
**/__pycache__
**/.dropgate-install-*
# Not of use there.
.git
Dockerfile
.dockerignore
`;
