import Catalog
import Foundation
import HTTPEdge
import Pushes
import Testing
import Vocabulary

struct RequestBodyTests {
  private func push(_ text: String) throws -> PushRequest {
    try JSONBody.decode(PushFields.self, Data(text.utf8)).request
  }

  @Test("a push is read with all of its fields")
  func whole() throws {
    let digest = String(repeating: "0f", count: 32)
    let request = try push(
      """
      {"repo":"films","message":"ü","label":"v1","author":"me","sealWhenComplete":true,
       "files":[{"path":"a/b","size":7,"sha256":"\(digest)"},{"path":"c","size":0,"sha256":null}]}
      """)
    #expect(request.repo.text == "films")
    #expect(request.message == "ü")
    #expect(request.label?.text == "v1")
    #expect(request.author == "me")
    #expect(request.sealWhenComplete)
    #expect(request.files?.map(\.path.text) == ["a/b", "c"])
    #expect(request.files?.map(\.size) == [7, 0])
    #expect(request.files?.map(\.digest) == [Digest(hex: digest), nil])
  }

  @Test("what is left out or null is not there")
  func least() throws {
    let request = try push(#"{"repo":"films","message":"m","label":null,"files":null}"#)
    #expect(
      request.label == nil && request.author == nil && request.files == nil && !request.sealWhenComplete)
  }

  @Test(
    "a flaw is told with the field, its value and what would be right",
    arguments: [
      (#"{}"#, "repo", "repo is missing; it must be a string"),
      (#"{"repo":"r","message":5}"#, "message", "message is 5; it must be a string"),
      (#"{"repo":"r","message":"m","fles":[]}"#, "fles", #""fles" is not a field of this request"#),
      (
        #"{"repo":"r","message":"m","sealWhenComplete":"yes"}"#, "sealWhenComplete",
        #"is "yes"; it must be true or false"#
      ),
      (
        #"{"repo":"r","message":"m","files":{}}"#, "files", "files is an object; it must be a list of objects"
      ),
      (#"{"repo":"r","message":"m","files":[{"path":"a","size":1},[]]}"#, "files[1]", "files[1] is a list"),
      (#"{"repo":"r","message":"m","files":[null]}"#, "files[0]", "files[0] is null"),
      (#"{"repo":"r","message":"m","files":[{"path":"a"}]}"#, "files[0].size", "files[0].size is missing"),
      (
        #"{"repo":"r","message":"m","files":[{"path":"a","size":"1"}]}"#, "files[0].size",
        #"is "1"; it must be a whole number"#
      ),
      (
        #"{"repo":"r","message":"m","files":[{"path":"a","size":1.5}]}"#, "files[0].size",
        "is 1.5; it must be a whole number"
      ),
      (
        #"{"repo":"r","message":"m","files":[{"path":"a","size":9223372036854775808}]}"#, "files[0].size",
        "whole number"
      ),
      (
        #"{"repo":"r","message":"m","files":[{"path":"a","size":1,"x":2}]}"#, "files[0].x",
        #""files[0].x" is not a field"#
      ),
      (
        #"{"repo":"r","message":"m","files":[{"path":"a","size":1,"sha256":"z"}]}"#, "files[0].sha256",
        "64 hexadecimal digits"
      ),
    ])
  func flaws(body: String, field: String, words: String) {
    let error = #expect(throws: ProblemError.self) { try push(body) }
    #expect(error?.problem == .badRequest)
    #expect(error?.members["field"] == .text(field))
    #expect(error?.detail.contains(words) == true, "\(error?.detail ?? "")")
  }

  @Test("a path that cannot be part of a bundle is named")
  func badPath() {
    let error = #expect(throws: ProblemError.self) {
      try push(#"{"repo":"r","message":"m","files":[{"path":"../a","size":1}]}"#)
    }
    #expect(error?.problem == .badPath)
    #expect(error?.members["path"] == .text("../a"))
  }

  @Test(
    "what is no JSON object is refused",
    arguments: ["", "{", "null", "5", "[]", "\"x\"", "{\"repo\":}", "\u{feff}x"])
  func noObject(body: String) {
    let error = #expect(throws: ProblemError.self) { try push(body) }
    #expect(error?.problem == .badRequest)
  }

  @Test("bytes that are no UTF-8 are refused")
  func noText() {
    let body = Data(#"{"repo":"r","message":""#.utf8) + Data([0xff, 0xfe]) + Data("\"}".utf8)
    #expect(throws: ProblemError.self) { try JSONBody.decode(PushFields.self, body) }
  }

  @Test("a repo needs a name and takes a description")
  func repo() throws {
    let fields = try JSONBody.decode(RepoFields.self, Data(#"{"name":"films","description":"d"}"#.utf8))
    #expect(fields.name.text == "films" && fields.description == "d")
    let long = #"{"name":"films","description":"\#(String(repeating: "x", count: 4097))"}"#
    #expect(throws: ProblemError.self) { try JSONBody.decode(RepoFields.self, Data(long.utf8)) }
  }
}
