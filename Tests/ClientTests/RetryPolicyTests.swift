import Client
import Platform
import Testing
import Vocabulary

@Suite struct RetryPolicyTests {
  @Test("the longest wait doubles from 0.25 s to 30 s and stays there")
  func ceiling() {
    let policy = RetryPolicy()
    #expect((0..<9).map(policy.ceiling) == [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30])
    #expect(policy.ceiling(attempt: .max) == 30)
  }

  @Test("a wait is any part of the longest one: full jitter")
  func jitter() {
    var state = RetryState(RetryPolicy())
    #expect(state.failed(at: 0, random: 0) == .wait(seconds: 0))
    #expect(state.failed(at: 0, random: 0.5) == .wait(seconds: 0.25))
    #expect(state.failed(at: 0, random: 0.5) == .wait(seconds: 0.5))
  }

  @Test("a wait the server asks for is never cut short")
  func retryAfter() {
    var state = RetryState(RetryPolicy())
    #expect(state.failed(at: 0, retryAfter: 7, random: 0) == .wait(seconds: 7))
    #expect(state.failed(at: 7, retryAfter: 7, random: 0.5) == .wait(seconds: 7.25))
  }

  @Test("the budget counts from the first failure, and a wait that would pass it ends with it: one last try")
  func budget() {
    var state = RetryState(RetryPolicy(budgetSeconds: 10))
    #expect(state.failed(at: 100, random: 0) == .wait(seconds: 0))
    #expect(state.failed(at: 109, random: 0) == .wait(seconds: 0))
    #expect(state.failed(at: 110, random: 0) == .giveUp)
    #expect(state.failed(at: 110.1, random: 0) == .giveUp)
    #expect(state.failed(at: 105, retryAfter: 6, random: 0) == .wait(seconds: 5))
  }

  @Test("acknowledged bytes renew the budget and the short waits")
  func progress() {
    var state = RetryState(RetryPolicy(budgetSeconds: 10))
    for _ in 0..<5 { _ = state.failed(at: 0, random: 0) }
    state.advanced()
    #expect(state == RetryState(RetryPolicy(budgetSeconds: 10)))
    #expect(state.failed(at: 1000, random: 1) == .wait(seconds: 0.25))
  }

  @Test("what may pass is tried again, what will not is not")
  func statuses() {
    #expect([408, 409, 423, 425, 429, 460, 500, 502, 503, 507].allSatisfy(RetryPolicy.isRetryable))
    #expect(![400, 401, 403, 404, 410, 412, 413, 415, 422].contains(where: RetryPolicy.isRetryable))
  }

  @Test("Retry-After is seconds or an HTTP date, and anything else is nothing")
  func retryAfterField() {
    let now = Timestamp(milliseconds: 784_111_777_000 - 90_000)
    #expect(RetryAfter.seconds("120", now: now) == 120)
    #expect(RetryAfter.seconds(" 0 ", now: now) == 0)
    #expect(RetryAfter.seconds("Sun, 06 Nov 1994 08:49:37 GMT", now: now) == 90)
    #expect(RetryAfter.seconds("Sun, 06 Nov 1994 08:40:00 GMT", now: now) == 0)
    for value in ["", "-1", "1.5", "soon", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"]
    {
      #expect(RetryAfter.seconds(value, now: now) == nil, "\(value)")
    }
  }

  @Test(
    "a date written by Timestamp is read back",
    arguments: [0, 951_782_399_000, 951_782_400_000, 951_868_800_000, 1_709_164_799_000, 4_107_542_400_000])
  func dates(milliseconds: Int64) {
    let moment = Timestamp(milliseconds: milliseconds)
    #expect(CivilTime.httpDate(moment.httpDate) == moment)
    #expect(CivilTime.rfc3339(moment.rfc3339) == moment)
    let fraction = Timestamp(milliseconds: milliseconds + 125)
    #expect(CivilTime.rfc3339(fraction.rfc3339) == fraction)
  }

  @Test("a time that is not RFC 3339 in UTC is none")
  func badTimes() {
    for text in [
      "", "2026-01-31", "2026-01-31T23:59:59", "2026-01-31T23:59:59+01:00", "2026-13-01T00:00:00Z",
      "2026-01-31T23:59:59.Z", "2026-01-31T23:59:59.1234567890Z", "2026-01-31 23:59:59Z",
    ] { #expect(CivilTime.rfc3339(text) == nil, "\(text)") }
  }

  @Test("a retrier repeats what may pass, gives up with the last answer, and waits nowhere else")
  func retrier() async throws {
    let time = Locked(0.0)
    let waits = Locked<[Double]>([])
    let pacer = Pacer(
      now: { time.withLock { $0 } },
      sleep: { seconds in
        time.withLock { $0 += seconds }
        waits.withLock { $0.append(seconds) }
      }, random: { 1 })
    let retrier = Retrier(
      server: try ServerURL("http://127.0.0.1:8773"), policy: RetryPolicy(budgetSeconds: 4), pacer: pacer)
    let tries = Locked(0)
    let answer = try await retrier.run {
      let number = tries.withLock { tries in
        tries += 1
        return tries
      }
      if number < 3 { throw ClientError.network("cut") }
      return number
    }
    #expect(answer == 3)
    #expect(waits.withLock { $0 } == [0.25, 0.5])
    await #expect(throws: Unreachable.self) { try await retrier.run { throw ClientError.network("cut") } }
    await #expect(throws: ClientError.self) {
      try await retrier.run { throw ClientError(code: "bad-path", title: "", status: 400) }
    }
    #expect(waits.withLock { $0.reduce(0, +) } <= 0.75 + 4)
  }
}
