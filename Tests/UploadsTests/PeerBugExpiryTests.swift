import Catalog
import Foundation
import TestSupport
import Testing
import Uploads
import Vocabulary

/// Clearing away what expired, beside clients, beside itself, and on a clock that jumps.
@Suite struct PeerBugExpiryTests {
  @Test("B-7 an upload in use outlives a jump of the clock, and expires once, though two clear away at once")
  func inUse() async throws {
    let fixture = try EngineFixture()
    let used = try await fixture.create(100)
    let idle = try await fixture.create(100)
    #expect(await fixture.append(idle, at: 0, pattern(0..<10)).appendedOffset == 10)
    let body = ScriptedBody([pattern(0..<10)], .stalled)
    async let append = fixture.append(used, at: 0, body)
    await body.untilStalled()
    fixture.clock.advance(seconds: 1_000_000)
    async let first: Void = fixture.engine.expire(idle)
    async let second: Void = fixture.engine.expire(idle)
    async let third: Void = fixture.engine.expire(used)
    _ = try await (first, second, third)
    #expect(try await fixture.record(idle).state == .expired)
    #expect(try await fixture.record(used).state != .expired)
    #expect(try await fixture.offset(used) == 10)
    _ = await append
    #expect(await fixture.append(used, at: 10, pattern(10..<100)).appendedOffset == 100)
  }

  @Test("B-7 a clock that goes back expires nothing, and what was finished stays whatever the clock says")
  func back() async throws {
    let fixture = try EngineFixture()
    let open = try await fixture.create(100)
    let finished = try await fixture.create(1)
    #expect(await fixture.append(finished, at: 0, [1]).appendedOffset == 1)
    for seconds in [Int64(-1_000_000), 500_000, 500_500] {
      fixture.clock.advance(seconds: seconds)
      try await fixture.engine.expire(open)
      try await fixture.engine.expire(finished)
      #expect(try await fixture.record(open).state == .created)
      #expect(try await fixture.record(finished).state.isFinished)
    }
    fixture.clock.advance(seconds: 1_000_000)
    try await fixture.engine.expire(open)
    try await fixture.engine.expire(finished)
    #expect(try await fixture.record(open).state == .expired)
    #expect(try await fixture.record(finished).state.isFinished)
  }
}
