;; holding: nothing until `flush`, then every frame unchanged, in order. What it is given it never frees.
(global $count (mut i32) (i32.const 0))
;; A node of the list is a frame record and, after its 40 bytes, the address of the next.
(global $first (mut i32) (i32.const 0))
(global $last (mut i32) (i32.const 0))

(func (export "open") (param i32 i32) (result i32) (call $ok (i32.const 0) (i32.const 0)))
(func (export "process") (param $port i32) (param $port_length i32) (param $pts i64) (param $kind i32) (param $a i32) (param $b i32) (param $c i32) (param $data i32) (param $length i32) (result i32)
  (local $held i32)
  (local.set $held (call $alloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 48)))
  (call $store_frame (local.get $held) (local.get $pts) (local.get $kind) (local.get $a) (local.get $b) (local.get $c) (local.get $data) (local.get $length))
  (if (global.get $last)
    (then (i32.store offset=40 (global.get $last) (local.get $held)))
    (else (global.set $first (local.get $held))))
  (global.set $last (local.get $held))
  (global.set $count (i32.add (global.get $count) (i32.const 1)))
  (call $ok (i32.const 0) (i32.const 0)))

(func (export "flush") (result i32)
  (local $list i32) (local $at i32) (local $held i32)
  (local.set $list (call $alloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.mul (global.get $count) (i32.const 40))))
  (local.set $at (local.get $list))
  (local.set $held (global.get $first))
  (block $done
    (loop $next
      (br_if $done (i32.eqz (local.get $held)))
      (memory.copy (local.get $at) (local.get $held) (i32.const 40))
      (local.set $at (i32.add (local.get $at) (i32.const 40)))
      (local.set $held (i32.load offset=40 (local.get $held)))
      (br $next)))
  (call $ok (local.get $list) (global.get $count)))
