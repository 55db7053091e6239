// Counting: a line for each failure and each skip, one line of counts at the end.
export function make_report() {
  let passed = 0, failed = 0, skipped = 0;
  const report = {
    pass() { passed += 1; },
    fail(name, why) { failed += 1; console.log(`FAIL ${name}: ${why}`); },
    skip(name, why) { skipped += 1; console.log(`SKIP ${name}: ${why}`); },
    /** One named thing that must hold; an exception is a failure with its message. */
    async check(name, what) {
      try {
        const wrong = await what();
        if (wrong === undefined || wrong === null || wrong === true || wrong === "") report.pass();
        else report.fail(name, typeof wrong === "string" ? wrong : JSON.stringify(wrong));
      } catch (error) {
        report.fail(name, String(error?.message ?? error).split("\n").slice(0, 3).join(" "));
      }
    },
    close() {
      console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
      return failed > 0 ? 1 : 0;
    },
  };
  return report;
}
