# The service and the reservation simulator. Node runs the sources as they are: nothing is compiled.

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional packages are Node itself, which the image brings.
RUN npm ci --omit=dev --omit=optional
COPY src ./src
# One start, and a look at what is loaded only when used, to keep what Node makes of the sources: with it a
# process is ready in 400 ms rather than 580 and holds 107 MiB rather than 141. Node finds it by path, user,
# version and CPU, and starts without it where one of them differs.
USER node
RUN set -e; \
    export NODE_COMPILE_CACHE=/tmp/cache DATABASE_URL=sqlite:/tmp/cart.db PID_FILE=/tmp/cart.pid APP_PORT=0; \
    node -e "for (const file of fs.globSync('src/{adapters,process}/**/*.ts')) import('./' + file)"; \
    node src/main.ts & pid=$!; \
    while kill -0 "$pid" && [ ! -s /tmp/cart.pid ]; do sleep 0.1; done; \
    kill "$pid"; wait "$pid"

FROM node:26-slim
WORKDIR /app
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/cache \
    HOST=0.0.0.0 \
    APP_PORT=8080 \
    DATABASE_URL=sqlite:/data/cart.db \
    SHUTDOWN_DELAY_MS=5000 \
    SIMULATOR_HOST=0.0.0.0 \
    SIMULATOR_LEDGER=/data/simulator.db
# A new volume takes its owner from here.
RUN mkdir /data && chown node: /data
VOLUME /data
COPY LICENSE package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build --chown=node:node /tmp/cache ./cache
COPY simulator ./simulator
COPY src ./src
USER node
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "require('node:http').get({ host: '127.0.0.1', port: process.env.APP_PORT, path: '/health' }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))"]
CMD ["node", "src/main.ts"]
