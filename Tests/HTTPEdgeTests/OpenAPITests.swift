import Catalog
import Foundation
import HTTPEdge
import Testing
import Vocabulary

/// The description says what the server does, and all of it.
@Suite struct OpenAPITests {
  /// What the description leaves to prose: pages for people, and what belongs to them.
  private static func isForPeople(_ path: String) -> Bool {
    path == "/" || ["/ui", "/assets", "/client"].contains { path == $0 || path.hasPrefix("\($0)/") }
  }
  private static let methods: Set = ["get", "head", "post", "put", "patch", "delete", "options"]

  private typealias Object = [String: Any]

  private static func document() throws -> Object {
    try #require(
      try JSONSerialization.jsonObject(with: Data(OpenAPIRoutes.document)) as? [String: Any])
  }
  private static func paths() throws -> [String: Object] {
    try #require(document()["paths"] as? [String: Object])
  }
  private static func schema(_ name: String) throws -> Object {
    let components = try #require(document()["components"] as? [String: Object])
    return try #require(components["schemas"]?[name] as? Object, "\(name)")
  }

  @Test("every route is described, and every described operation is a route")
  func routes() throws {
    let described = Set(
      try Self.paths().flatMap { path, item in
        // The router does not tell a path from the same with a slash at its end.
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        return item.keys.filter(Self.methods.contains).map { "\($0.uppercased()) \(path)" }
      })
    let fixture = try ServicesFixture()
    let routed = Set(
      try HTTPServer.routes(fixture.services).filter { !Self.isForPeople($0.path) && $0.method != "HEAD" }
        .map { "\($0.method) \($0.path.replacing("**", with: "{path}"))" })
    #expect(described.subtracting(routed).sorted() == [])
    #expect(routed.subtracting(described).sorted() == [])
  }

  @Test("the description has this program's version, and its operations have ids of their own")
  func head() throws {
    let document = try Self.document()
    #expect(document["openapi"] as? String == "3.1.0")
    #expect((document["info"] as? Object)?["version"] as? String == SheafVersion.current)
    let ids = try Self.paths().values.flatMap { item in
      item.values.compactMap { ($0 as? Object)?["operationId"] as? String }
    }
    #expect(Set(ids).count == ids.count && !ids.isEmpty)
  }

  @Test("every reference leads to a component, and every component is used")
  func references() throws {
    let text = String(decoding: OpenAPIRoutes.document, as: UTF8.self)
    let used = Set(text.matches(of: /"#\/components\/([a-z]+\/[A-Za-z0-9]+)"/).map { String($0.output.1) })
    let components = try #require(Self.document()["components"] as? [String: Object])
    let defined = Set(components.flatMap { kind, values in values.keys.map { "\(kind)/\($0)" } })
    #expect(used.subtracting(defined).sorted() == [])
    #expect(defined.subtracting(used).sorted() == [])
  }

  @Test("every parameter of a path is described where the path has it, and every operation tells of problems")
  func operations() throws {
    let components = try #require(Self.document()["components"] as? [String: Object])
    for (path, item) in try Self.paths() {
      let wanted = Set(path.matches(of: /\{([a-z]+)\}/).map { String($0.output.1) })
      for (method, value) in item {
        let operation = try #require(value as? Object)
        let named = (operation["parameters"] as? [Object] ?? []).compactMap { parameter -> String? in
          let name = (parameter["$ref"] as? String)?.split(separator: "/").last.map(String.init)
          let parameter = name.flatMap { components["parameters"]?[$0] as? Object } ?? parameter
          return parameter["in"] as? String == "path" ? parameter["name"] as? String : nil
        }
        #expect(Set(named) == wanted, "\(method) \(path)")
        #expect((operation["responses"] as? Object)?["default"] != nil, "\(method) \(path)")
      }
    }
  }

  @Test(
    "the schemas of resources have the members that docs/api.md lists, all of them always there",
    arguments: [
      ("Upload", #"{"id","state","offset","length""#),
      ("Push", #"{"id","repo","message","label","author","origin""#),
      ("Repo", #"{"name","description""#), ("Bundle", #"{"id","repo","sequence""#),
      ("Entry", #"{"path","size","sha256","mode""#), ("FolderItem", #"{"kind":"folder|file""#),
      ("Change", #"{"change":"added|deleted|"#), ("Event", #"{"sequence","at","kind""#),
      ("Status", #"{"version","startedAt""#), ("Setting", #"{"name","value","origin""#),
    ])
  func members(name: String, start: String) throws {
    let schema = try Self.schema(name)
    let documented = Set(try DocumentedMembers.names(after: start))
    #expect(Set((schema["properties"] as? Object ?? [:]).keys) == documented)
    #expect(Set(schema["required"] as? [String] ?? []) == documented)
  }

  @Test("the words of states and kinds are those of the program")
  func words() throws {
    func words(_ schema: String, _ property: String? = nil) throws -> [String] {
      var found = try Self.schema(schema)
      if let property { found = try #require((found["properties"] as? [String: Object])?[property]) }
      return try #require(found["enum"] as? [String])
    }
    #expect(try words("UploadState") == UploadState.allCases.map(\.rawValue))
    #expect(try words("Push", "state") == PushState.allCases.map(\.rawValue))
    #expect(try words("Push", "status") == PushState.Status.allCases.map(\.rawValue))
    #expect(try words("Change", "change") == FileChange.allCases.map(\.rawValue))
    #expect(try words("Event", "kind") == EventKind.allCases.map(\.rawValue))
  }
}
