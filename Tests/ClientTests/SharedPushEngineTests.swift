import Client
import Platform
import TestSupport
import Testing
import Vocabulary

/// How the opener of a shared push goes on with it.
@Suite struct SharedPushEngineTests {
  @Test(
    "D38 the opener of a shared push goes on with it though its files are others by now, and ends nobody's")
  func goesOn() async throws {
    let bench = try PushBench()
    for name in ["a", "b", "c"] { try bench.write(name, bytes: 10) }
    let isBroken = Locked(true)
    let gateway = FakeGateway(instead: { request in
      // Of the first run one file arrives.
      guard isBroken.withLock({ $0 }), request.method == "POST", request.path.hasPrefix("/files") else {
        return nil
      }
      return request.body == bench.content("a", 10) ? nil : .problem("bad-header", 400)
    })
    await #expect(throws: PushFailure.self) { try await bench.push(to: gateway, seals: false) }
    #expect(Set(gateway.files.keys) == ["a"])
    // Somebody else adds to it; here a file comes, one goes, and one gets another size.
    gateway.state.withLock { state in
      let id = UploadID(milliseconds: 1_800_000_000_000, random: Array(repeating: 3, count: 10))
      var theirs = FakeGateway.Upload(id: id, path: "theirs", length: 2)
      theirs.bytes = [1, 2]
      state.uploads["theirs"] = theirs
    }
    try bench.write("d", bytes: 12)
    try bench.write("c", bytes: 30)
    isBroken.withLock { $0 = false }
    let result = try await bench.push(to: gateway, seals: false)
    #expect(result.bundle == nil && result.push == pushID.text)
    #expect(!gateway.lines.contains { $0.hasSuffix("/cancel") || $0.hasPrefix("DELETE") }, "\(gateway.lines)")
    #expect(gateway.lines.filter { $0 == "POST /api/v1/pushes" }.count == 1)
    var expected = try bench.source
    expected["theirs"] = [1, 2]
    #expect(gateway.files == expected)
  }
}
