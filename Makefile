# Short names for what is done often. npm scripts find the project's own Node in node_modules/.bin, so any
# Node with npm will do. Works with make 3.81 and BSD tools, as on macOS.

PID_FILE = data/cart.pid

.DEFAULT_GOAL := help
.PHONY: help run stop test coverage bench check

help:
	@echo 'make run       start the service, with a reservation simulator beside it, until Ctrl-C'
	@echo 'make stop      stop the service that "make run" started'
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

# A process id may have gone to another program meanwhile, so its command line is looked at first.
# A process that ended but was not waited for yet has none.
stop:
	@pid=`cat $(PID_FILE) 2>/dev/null`; \
	case "$$pid" in ''|*[!0-9]*) echo 'nothing is running'; exit 0;; esac; \
	is_ours() { \
	  if [ -d /proc/self ]; then line=`{ tr '\0' ' ' < /proc/$$pid/cmdline; } 2>/dev/null`; \
	  else line=`ps -o command= -p $$pid`; fi; \
	  case "$$line" in *src/main.ts*) return 0;; *) return 1;; esac; \
	}; \
	if ! is_ours; then echo "nothing is running ($(PID_FILE) was left over)"; exit 0; fi; \
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
