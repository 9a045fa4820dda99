# Short names for what is done often. npm scripts find the project's own Node in node_modules/.bin, so any
# Node with npm will do. Works with make 3.81 and BSD tools, as on macOS.

PID_FILE = data/cart.pid

.DEFAULT_GOAL := help
.PHONY: help run up stop test coverage bench check

help:
	@echo 'make run       start the service, with a reservation simulator beside it, until Ctrl-C'
	@echo 'make up        start many processes in containers: API, workers, PostgreSQL, Valkey, simulator'
	@echo 'make stop      stop what "make run" or "make up" started; what was stored stays'
	@echo 'make test      run all tests; FILES="test/domain ..." runs some of them'
	@echo 'make coverage  run the tests and show which lines of src they reach'
	@echo 'make bench     measure throughput and latency'
	@echo 'make check     types, format and lint'

# npm writes this file when it has installed everything.
node_modules/.package-lock.json: package-lock.json
	npm ci
	@touch $@

run: node_modules/.package-lock.json
	@mkdir -p data
	@exec env PID_FILE=$(PID_FILE) npm start

up:
	@docker compose version >/dev/null 2>&1 || { \
	  echo 'make up needs Docker with its compose plugin; "make run" needs neither' >&2; exit 1; }
	@docker info >/dev/null 2>&1 || { \
	  echo 'the engine of Docker does not answer: is it running, and may you use it?' >&2; exit 1; }
	docker compose up --build --detach --wait
	@echo 'the service:    http://127.0.0.1:8080 and http://127.0.0.1:8082, one store behind both'
	@echo 'the simulator:  http://127.0.0.1:8081/ledger'
	@echo 'its logs:       docker compose logs --follow'
	@echo 'its end:        make stop'

# Containers first: without Docker, or without containers, nothing is said about them.
# A process id may have gone to another program meanwhile, so its command line is looked at first.
# A process that ended but was not waited for yet has none.
stop:
	@nothing='nothing is running'; \
	if docker compose ps --all --quiet 2>/dev/null | grep . >/dev/null; then \
	  docker compose down || exit 1; \
	  nothing='stopped the containers'; \
	fi; \
	pid=`cat $(PID_FILE) 2>/dev/null`; \
	case "$$pid" in ''|*[!0-9]*) echo "$$nothing"; exit 0;; esac; \
	is_ours() { \
	  if [ -d /proc/self ]; then line=`{ tr '\0' ' ' < /proc/$$pid/cmdline; } 2>/dev/null`; \
	  else line=`ps -o command= -p $$pid`; fi; \
	  case "$$line" in *src/main.ts*) return 0;; *) return 1;; esac; \
	}; \
	if ! is_ours; then echo "$$nothing ($(PID_FILE) was left over)"; exit 0; fi; \
	kill -TERM $$pid || exit 1; \
	tries=0; \
	while is_ours; do \
	  if [ $$tries -ge 150 ]; then echo "the service ($$pid) is still stopping after 30 s"; exit 1; fi; \
	  sleep 0.2; tries=$$((tries + 1)); \
	done; \
	echo "stopped the service ($$pid)"

test: node_modules/.package-lock.json
	npm test -- $(FILES)

coverage: node_modules/.package-lock.json
	npm run coverage -- $(FILES)

bench: node_modules/.package-lock.json
	npm run bench

check: node_modules/.package-lock.json
	npm run check
