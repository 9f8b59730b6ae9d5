import Foundation
import TestSupport
import Testing

/// Repos, bundles and labels by plain requests: what is refused, and that nothing is left of what was refused.
@Suite struct RepoRequestTests {
  private let history: BundleHistory
  private var server: GatewayProcess { history.server }

  init() throws { history = try BundleHistory() }

  /// Everything that must be as before: repos with their bundles and labels.
  private func state() throws -> [String] {
    try ["/api/v1/repos", "/api/v1/repos/docs/bundles", "/api/v1/repos/docs/labels"].map { target in
      let items = try server.json("GET", target).object["items"] as? [Any] ?? []
      return String(
        decoding: try JSONSerialization.data(withJSONObject: items, options: .sortedKeys), as: UTF8.self)
    }
  }

  private func refused(
    _ method: String, _ target: String, _ body: Any? = nil, status: Int, code: String,
    from actor: String = "ann"
  ) throws {
    let data = try body.map { Array(try JSONSerialization.data(withJSONObject: $0)) }
    let answer = try server.request(
      method, target, ["Content-Type": "application/json", "From": actor], body: data)
    #expect(answer.status == status, "\(method) \(target) \(answer.text)")
    #expect(answer.text.contains("\"code\":\"\(code)\""), "\(method) \(target) \(answer.text)")
  }

  @Test("D21 D22 D35 what is in use is not deleted, and a taken name not given again")
  func inUse() throws {
    _ = try server.json("POST", "/api/v1/repos", ["name": "other", "description": "of somebody else"])
    let push = try server.json("POST", "/api/v1/pushes", ["repo": "docs", "message": "under way"])
    #expect(push.status == 201)
    let before = try state()
    try refused("DELETE", "/api/v1/repos/docs", status: 409, code: "in-use")
    for bundle in history.bundles {
      try refused("DELETE", history.target(bundle, ""), status: 409, code: "in-use")
    }
    try refused("PATCH", "/api/v1/repos/docs", ["name": "other"], status: 409, code: "name-taken")
    #expect(try state() == before)
    for (index, bundle) in history.bundles.enumerated() {
      #expect(try server.json("GET", history.target(bundle, "")).object["sequence"] as? Int == index + 1)
    }
  }

  @Test("D20 D21 D29 D35 names, references and actors that are none are refused with one clear problem")
  func badNames() throws {
    let before = try state()
    for name in ["..", "a%20b", "-a", "a%2Fb", String(repeating: "a", count: 65)] {
      for (method, rest, body) in [
        ("GET", "", nil), ("PATCH", "", ["description": "x"]), ("DELETE", "", nil), ("GET", "/bundles", nil),
        ("GET", "/labels", nil), ("POST", "/squash", ["latest": 1]),
      ] as [(String, String, Any?)] where name != ".." {
        // No repo has such a name.
        try refused(method, "/api/v1/repos/\(name)\(rest)", body, status: 404, code: "not-found")
      }
      let plain = name.removingPercentEncoding ?? name
      try refused("POST", "/api/v1/repos", ["name": plain], status: 400, code: "bad-name")
      try refused("PATCH", "/api/v1/repos/docs", ["name": plain], status: 400, code: "bad-name")
      try refused(
        "POST", "/api/v1/pushes", ["repo": plain, "message": "m"], status: 400, code: "bad-name")
    }
    for label in ["latest", "a%20b", "a%2Fb", "%C3%BC", String(repeating: "a", count: 300)] {
      try refused(
        "PUT", "/api/v1/repos/docs/labels/\(label)", ["bundle": history.bundles[0]], status: 400,
        code: "bad-name")
    }
    for reference in ["nothing", "zzzz", "01zzzzzzzzzz"] {
      for rest in ["", "/files", "/tree", "/diff/one"] {
        try refused("GET", history.target(reference, rest), status: 404, code: "not-found")
      }
      try refused(
        "PUT", "/api/v1/repos/docs/labels/new", ["bundle": reference], status: 404, code: "not-found")
    }
    try refused(
      "POST", "/api/v1/repos", ["name": "new"], status: 400, code: "bad-header",
      from: String(repeating: "a", count: 300))
    #expect(try state() == before)
  }

  @Test("D35 a label is put on no bundle of another repo")
  func foreignLabel() throws {
    _ = try server.json("POST", "/api/v1/repos", ["name": "other"])
    try refused(
      "PUT", "/api/v1/repos/other/labels/mine", ["bundle": history.bundles[0]], status: 404, code: "not-found"
    )
    let labels = try server.json("GET", "/api/v1/repos/other/labels").object["items"] as? [Any]
    #expect(labels?.isEmpty == true)
  }

  @Test("D2 D30 the pages of repos and bundles show names, sizes and digests, without any source")
  func pages() throws {
    func page(_ target: String) throws -> String {
      let answer = try server.request("GET", target)
      #expect(answer.status == 200, "\(target)")
      return answer.text
    }
    #expect(try page("/ui/repos").contains("docs"))
    let repo = try page("/ui/repos/docs")
    #expect(repo.contains("bundle one") && repo.contains("bundle two"))
    let bundle = try page("/ui/repos/docs/bundles/\(history.bundles[0])")
    let entry =
      try server.json("GET", history.target("one", "/files?limit=1000")).object["items"] as? [[String: Any]]
    for item in entry ?? [] {
      let digest = try #require(item["sha256"] as? String)
      #expect(bundle.contains(String(digest.prefix(12))), "\(item)")
    }
    #expect(bundle.contains("large.bin") && bundle.contains("3.0 MiB"))
  }

  @Test("D1 D9 sealing is answered at once with the push's place, and the list tells clients' pushes apart")
  func sealed() throws {
    let push = try server.json(
      "POST", "/api/v1/pushes", ["repo": "docs", "message": "empty", "allowEmpty": true])
    let id = try #require(push.object["id"] as? String)
    let answer = try server.request("POST", "/api/v1/pushes/\(id)/seal")
    #expect(answer.status == 202)
    #expect(answer.headers["location"]?.hasSuffix("/api/v1/pushes/\(id)") == true)
    let own = try server.json("GET", "/api/v1/pushes?origin=client").object["items"] as? [[String: Any]]
    #expect(own?.count == 3 && own?.contains { $0["id"] as? String == id } == true)
    let taken = try server.json("GET", "/api/v1/pushes?origin=source").object["items"] as? [[String: Any]]
    #expect(taken?.isEmpty == true)
  }
}
