# The scheduler as it stands in the checkout: Node runs the TypeScript itself, so there is nothing to build.
# Works alone:  docker run aclarai-scheduler      (shipped settings, example vault, embedded graph)
FROM node:26-slim

LABEL org.opencontainers.image.title="aclarai-scheduler" \
      org.opencontainers.image.description="Periodic jobs service for aclarai" \
      org.opencontainers.image.licenses="MIT"

ENV NODE_ENV=production \
    SCHEDULER_STATE_DIR=/data

WORKDIR /app

# Before the sources, so that a change of ours does not fetch the packages again.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-update-notifier \
 && rm -rf /root/.npm \
 && ln -s /app/bin/aclarai-scheduler.mjs /usr/local/bin/aclarai-scheduler \
 && install -d -m 1777 /data \
 && install -d -o node -g node node_modules/.cache

COPY bin ./bin
COPY src ./src
COPY jobs ./jobs
COPY settings ./settings
COPY examples ./examples

# A new named volume takes over the mode of the directory: whichever user runs the container may write there.
VOLUME /data

# Any user will do: docker run --user 12345. Nothing outside of /data is written, so --read-only works too.
USER node

# Compiles all there is once, for the user above: a start takes half the time. Proves the shipped settings as well.
RUN node src/main.ts validate

# The loop touches the file every 10 s. One `find` and nothing else: a Node for it would take 20 MB and 50 ms every time.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=2 \
  CMD exec find "$SCHEDULER_STATE_DIR/tick" ! -mmin -1 -exec false {} +

# Node itself, not npm: signals reach it, and its exit code is the container's.
CMD ["node", "/app/src/main.ts", "start"]
