import Foundation
import TestSupport
import Testing

/// A newer request against one that holds an upload and does not get on.
@Suite struct TakeoverTests {
  private func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return start.duration(to: .now) / .milliseconds(1)
  }

  /// The times are printed only. The holder never goes on, so that an answer shows that nobody waits for it.
  @Test("HEAD, PATCH and DELETE answer against a stalled holder, with the true offset")
  func times() throws {
    let server = try GatewayProcess.running()
    for method in ["HEAD", "PATCH", "DELETE"] {
      var times: [Double] = []
      for _ in 0..<5 {
        let path = try server.upload(length: 1_000_000)
        let holder = try server.stalledPatch(path, of: 1_000_000, after: 300_000)
        let newcomer = try server.connect()
        times.append(
          try milliseconds {
            switch method {
            case "HEAD":
              let answer = try newcomer.request(method, path, TusRequests.version)
              #expect(answer.headers["upload-offset"] == "300000")
            case "PATCH":
              let answer = try newcomer.request(
                method, path, TusRequests.patch(300_000), body: [UInt8](repeating: 7, count: 1000))
              #expect(answer.headers["upload-offset"] == "301000")
            default: #expect(try newcomer.request(method, path, TusRequests.version).status == 204)
            }
          })
        #expect(try holder.answer().status == 409)
      }
      let sorted = times.sorted()
      print(
        "\(method) against a stalled holder: median \(String(format: "%.1f", sorted[2])) ms, slowest "
          + "\(String(format: "%.1f", sorted[4])) ms")
    }
  }

  @Test("bytes of a holder that come after the takeover are not in the file")
  func lateBytes() throws {
    let server = try GatewayProcess.running()
    let path = try server.upload(length: 200_000)
    let holder = try server.stalledPatch(path, of: 200_000, after: 500)
    #expect(try server.offset(of: path) == 500)
    try? holder.send([UInt8](repeating: 0xEE, count: 199_500))
    #expect(try server.offset(of: path) == 500)
    let rest = try server.request(
      "PATCH", path, TusRequests.patch(500), body: [UInt8](repeating: 7, count: 199_500))
    #expect(rest.headers["upload-offset"] == "200000")
    #expect(try server.request("GET", path).body == [UInt8](repeating: 7, count: 200_000))
  }
}
